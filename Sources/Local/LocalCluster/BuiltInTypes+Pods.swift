extension BuiltInTypes {
    static let podTypes = """
        KeyToPath
         key *string
         path *string
         mode *int
        EmptyDirVolumeSource
         medium string
         sizeLimit *quantity
        SecretVolumeSource
         secretName string
         items [KeyToPath]
         defaultMode *int =420
         optional *bool
        ConfigMapVolumeSource
         name string
         items [KeyToPath]
         defaultMode *int =420
         optional *bool
        ObjectFieldSelector
         apiVersion string ="v1"
         fieldPath *string
        ResourceFieldSelector
         containerName string
         resource *string
         divisor quantity ="0"
        DownwardAPIVolumeFile
         path *string
         fieldRef *ObjectFieldSelector^
         resourceFieldRef *ResourceFieldSelector^
         mode *int
        DownwardAPIVolumeSource
         items [DownwardAPIVolumeFile]
         defaultMode *int =420
        DownwardAPIProjection
         items [DownwardAPIVolumeFile]
        SecretProjection
         name string
         items [KeyToPath]
         optional *bool
        ServiceAccountTokenProjection
         audience string
         expirationSeconds *int =3600
         path *string
        VolumeProjection
         secret *SecretProjection
         configMap *SecretProjection
         downwardAPI *DownwardAPIProjection
         serviceAccountToken *ServiceAccountTokenProjection
         clusterTrustBundle any
        ProjectedVolumeSource
         sources [VolumeProjection]
         defaultMode *int =420
        PersistentVolumeClaimVolumeSource
         claimName *string
         readOnly bool
        HostPathVolumeSource
         path *string
         type *string =""
        Volume
         name *string!
         emptyDir *EmptyDirVolumeSource
         secret *SecretVolumeSource
         configMap *ConfigMapVolumeSource
         projected *ProjectedVolumeSource
         downwardAPI *DownwardAPIVolumeSource
         persistentVolumeClaim *PersistentVolumeClaimVolumeSource
         hostPath *HostPathVolumeSource
         ephemeral any
         csi any
         nfs any
         image any
        ContainerPort
         name string
         hostPort int
         containerPort *int!
         protocol string ="TCP"
         hostIP string
        KeySelector
         name string
         key *string!
         optional *bool
        EnvVarSource
         fieldRef *ObjectFieldSelector^
         resourceFieldRef *ResourceFieldSelector^
         configMapKeyRef *KeySelector^
         secretKeyRef *KeySelector^
        EnvVar
         name *string!
         value string
         valueFrom *EnvVarSource
        EnvSource
         name string
         optional *bool
        EnvFromSource
         prefix string
         configMapRef *EnvSource
         secretRef *EnvSource
        ResourceRequirements
         limits {quantity}
         requests {quantity}
         claims [any]@name
        VolumeMount
         name *string!
         readOnly bool
         recursiveReadOnly *string
         mountPath *string!
         subPath string
         mountPropagation *string
         subPathExpr string
        VolumeDevice
         name *string
         devicePath *string
        ExecAction
         command [string]
        HTTPHeader
         name *string
         value *string
        HTTPGetAction
         path string ="/"
         port *intstr!
         host string
         scheme string ="HTTP"
         httpHeaders [HTTPHeader]
        TCPSocketAction
         port *intstr!
         host string
        GRPCAction
         port *int
         service *string =""
        SleepAction
         seconds *int
        Probe
         exec *ExecAction
         httpGet *HTTPGetAction
         tcpSocket *TCPSocketAction
         grpc *GRPCAction
         initialDelaySeconds int
         timeoutSeconds int =1
         periodSeconds int =10
         successThreshold int =1
         failureThreshold int =3
         terminationGracePeriodSeconds *int
        LifecycleHandler
         exec *ExecAction
         httpGet *HTTPGetAction
         tcpSocket *TCPSocketAction
         sleep *SleepAction
        Lifecycle
         postStart *LifecycleHandler
         preStop *LifecycleHandler
         stopSignal *string
        Capabilities
         add [string]
         drop [string]
        SELinuxOptions
         user string
         role string
         type string
         level string
        Profile
         type *string
         localhostProfile *string
        SecurityContext
         capabilities *Capabilities
         privileged *bool
         seLinuxOptions *SELinuxOptions
         windowsOptions any
         runAsUser *int
         runAsGroup *int
         runAsNonRoot *bool
         readOnlyRootFilesystem *bool
         allowPrivilegeEscalation *bool
         procMount *string
         seccompProfile *Profile
         appArmorProfile *Profile
        Container
         name *string!
         image string
         command [string]
         args [string]
         workingDir string
         ports [ContainerPort]@containerPort,protocol
         envFrom [EnvFromSource]
         env [EnvVar]@name
         resources ResourceRequirements~
         resizePolicy [any]
         restartPolicy *string
         volumeMounts [VolumeMount]@mountPath
         volumeDevices [VolumeDevice]@devicePath
         livenessProbe *Probe
         readinessProbe *Probe
         startupProbe *Probe
         lifecycle *Lifecycle
         terminationMessagePath string ="/dev/termination-log"
         terminationMessagePolicy string ="File"
         imagePullPolicy string
         securityContext *SecurityContext
         stdin bool
         stdinOnce bool
         tty bool
        Sysctl
         name *string
         value *string
        PodSecurityContext
         seLinuxOptions *SELinuxOptions
         windowsOptions any
         runAsUser *int
         runAsGroup *int
         runAsNonRoot *bool
         supplementalGroups [int]
         supplementalGroupsPolicy *string
         fsGroup *int
         sysctls [Sysctl]
         fsGroupChangePolicy *string
         seccompProfile *Profile
         appArmorProfile *Profile
        HostAlias
         ip *string
         hostnames [string]
        Toleration
         key string
         operator string
         value string
         effect string
         tolerationSeconds *int
        TopologySpreadConstraint
         maxSkew *int
         topologyKey *string
         whenUnsatisfiable *string
         labelSelector *LabelSelector#
         minDomains *int
         nodeAffinityPolicy *string
         nodeTaintsPolicy *string
         matchLabelKeys [string]
        PodDNSOption
         name string
         value *string
        PodDNSConfig
         nameservers [string]
         searches [string]
         options [PodDNSOption]
        PodReadinessGate
         conditionType *string
        PodSpec
         volumes [Volume]@name
         initContainers [Container]@name
         containers *[Container]@name!
         ephemeralContainers [Container]@name
         restartPolicy string ="Always"
         terminationGracePeriodSeconds *int =30
         activeDeadlineSeconds *int
         dnsPolicy string ="ClusterFirst"
         nodeSelector {string}^
         serviceAccountName string
         serviceAccount string
         automountServiceAccountToken *bool
         nodeName string
         hostNetwork bool
         hostPID bool
         hostIPC bool
         shareProcessNamespace *bool
         securityContext *PodSecurityContext ={}
         imagePullSecrets [LocalObjectReference^]@name
         hostname string
         subdomain string
         affinity any
         schedulerName string ="default-scheduler"
         tolerations [Toleration]
         hostAliases [HostAlias]@ip
         priorityClassName string
         priority *int
         dnsConfig *PodDNSConfig
         readinessGates [PodReadinessGate]
         runtimeClassName *string
         enableServiceLinks *bool
         preemptionPolicy *string
         overhead {quantity}
         topologySpreadConstraints [TopologySpreadConstraint]@topologyKey,whenUnsatisfiable
         setHostnameAsFQDN *bool
         os any
         hostUsers *bool
         schedulingGates [any]@name
         resourceClaims [any]@name
         resources *ResourceRequirements
        PodTemplateSpec
         metadata ObjectMeta~
         spec PodSpec~
        Pod
         spec PodSpec
         status any

        """
}
