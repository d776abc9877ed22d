extension BuiltInTypes {
    static let table = metaTypes + podTypes + workloadTypes + networkTypes + otherTypes

    private static let metaTypes = """
        OwnerReference
         apiVersion *string!
         kind *string!
         name *string!
         uid *string!
         controller *bool
         blockOwnerDeletion *bool
        ObjectMeta
         name string
         generateName string
         namespace string
         selfLink string
         uid string
         resourceVersion string
         generation int
         creationTimestamp string
         deletionTimestamp *string
         deletionGracePeriodSeconds *int
         labels {string}
         annotations {string}
         ownerReferences [OwnerReference]@uid
         finalizers [string]@
         managedFields [any]
        Frame
         apiVersion string
         kind string
         metadata ObjectMeta~
        LabelSelectorRequirement
         key *string!
         operator *string!
         values [string]
        LabelSelector
         matchLabels {string}
         matchExpressions [LabelSelectorRequirement]
        ObjectReference
         kind string
         namespace string
         name string
         uid string
         apiVersion string
         resourceVersion string
         fieldPath string
        LocalObjectReference
         name string
        Condition
         type *string
         status *string
         observedGeneration int
         lastProbeTime *string
         lastUpdateTime string
         lastTransitionTime string
         reason string
         message string

        """

    private static let podTypes = """
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
         imagePullSecrets [LocalObjectReference]@name
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

    private static let workloadTypes = """
        RollingUpdateDeployment
         maxUnavailable *intstr
         maxSurge *intstr
        DeploymentStrategy
         type string
         rollingUpdate *RollingUpdateDeployment
        DeploymentSpec
         replicas *int =1
         selector *LabelSelector#!
         template PodTemplateSpec~
         strategy DeploymentStrategy~
         minReadySeconds int
         revisionHistoryLimit *int =10
         paused bool
         progressDeadlineSeconds *int =600
        DeploymentStatus
         observedGeneration int
         replicas int
         updatedReplicas int
         readyReplicas int
         availableReplicas int
         unavailableReplicas int
         terminatingReplicas *int
         conditions [Condition]@type
         collisionCount *int
        Deployment
         spec DeploymentSpec~
         status DeploymentStatus~
        JobSpec
         parallelism *int =1
         completions *int =1
         activeDeadlineSeconds *int
         podFailurePolicy any
         successPolicy any
         backoffLimit *int =6
         backoffLimitPerIndex *int
         maxFailedIndexes *int
         selector *LabelSelector#
         manualSelector *bool
         template PodTemplateSpec~
         ttlSecondsAfterFinished *int
         completionMode *string ="NonIndexed"
         suspend *bool =false
         podReplacementPolicy *string ="TerminatingOrFailed"
         managedBy *string
        JobStatus
         conditions [Condition]@type
         startTime *string
         completionTime *string
         active int
         succeeded int
         failed int
         terminating *int
         ready *int
         completedIndexes string
         failedIndexes *string
         uncountedTerminatedPods any
        Job
         spec JobSpec~
         status JobStatus~
        CrossVersionObjectReference
         kind *string
         name *string
         apiVersion string
        MetricTarget
         type *string
         value *quantity
         averageValue *quantity
         averageUtilization *int
        ResourceMetricSource
         name *string
         target MetricTarget
        ContainerResourceMetricSource
         name *string
         container *string
         target MetricTarget
        MetricSpec
         type *string
         object any
         pods any
         resource *ResourceMetricSource
         containerResource *ContainerResourceMetricSource
         external any
        HPAScalingPolicy
         type *string
         value *int
         periodSeconds *int
        HPAScalingRules
         stabilizationWindowSeconds *int
         selectPolicy *string ="Max"
         policies [HPAScalingPolicy]
         tolerance *quantity
        HPABehavior
         scaleUp *HPAScalingRules
         scaleDown *HPAScalingRules
        HorizontalPodAutoscalerSpec
         scaleTargetRef CrossVersionObjectReference!
         minReplicas *int =1
         maxReplicas *int!
         metrics [MetricSpec]
         behavior *HPABehavior
        HorizontalPodAutoscalerStatus
         observedGeneration *int
         lastScaleTime *string
         currentReplicas *int =0
         desiredReplicas *int =0
         currentMetrics [any]
         conditions [Condition]@type
        HorizontalPodAutoscaler
         spec HorizontalPodAutoscalerSpec~
         status HorizontalPodAutoscalerStatus~
        PodDisruptionBudgetSpec
         minAvailable *intstr
         selector *LabelSelector#
         maxUnavailable *intstr
         unhealthyPodEvictionPolicy *string
        PodDisruptionBudgetStatus
         observedGeneration int
         disruptedPods {string}
         disruptionsAllowed *int =0
         currentHealthy *int =0
         desiredHealthy *int =0
         expectedPods *int =0
         conditions [Condition]@type
        PodDisruptionBudget
         spec PodDisruptionBudgetSpec~
         status PodDisruptionBudgetStatus~
        ScaleSpec
         replicas int
        ScaleStatus
         replicas *int
         selector string
        Scale
         spec ScaleSpec~
         status ScaleStatus~

        """

    private static let networkTypes = """
        ServicePort
         name string
         protocol string ="TCP"
         appProtocol *string
         port *int!
         targetPort intstr
         nodePort int
        ServiceSpec
         ports [ServicePort]@port,protocol
         selector {string}^
         clusterIP string
         clusterIPs [string]
         type string ="ClusterIP"
         externalIPs [string]
         sessionAffinity string ="None"
         loadBalancerIP string
         loadBalancerSourceRanges [string]
         externalName string
         externalTrafficPolicy string
         healthCheckNodePort int
         publishNotReadyAddresses bool
         sessionAffinityConfig any
         ipFamilies [string]
         ipFamilyPolicy *string
         allocateLoadBalancerNodePorts *bool
         loadBalancerClass *string
         internalTrafficPolicy *string
         trafficDistribution *string
        LoadBalancerIngress
         ip string
         hostname string
         ipMode *string
         ports [any]
        LoadBalancerStatus
         ingress [LoadBalancerIngress]
        ServiceStatus
         loadBalancer LoadBalancerStatus~
         conditions [Condition]@type
        Service
         spec ServiceSpec~
         status ServiceStatus~
        ServiceBackendPort
         name string
         number int
        IngressServiceBackend
         name *string
         port ServiceBackendPort
        IngressBackend
         service *IngressServiceBackend
         resource any
        HTTPIngressPath
         path string
         pathType *string!
         backend IngressBackend
        HTTPIngressRuleValue
         paths [HTTPIngressPath]
        IngressRule
         host string
         http *HTTPIngressRuleValue
        IngressTLS
         hosts [string]
         secretName string
        IngressSpec
         ingressClassName *string
         defaultBackend *IngressBackend
         tls [IngressTLS]
         rules [IngressRule]
        IngressStatus
         loadBalancer LoadBalancerStatus~
        Ingress
         spec IngressSpec~
         status IngressStatus~
        NetworkPolicyPort
         protocol *string ="TCP"
         port *intstr
         endPort *int
        IPBlock
         cidr *string
         except [string]
        NetworkPolicyPeer
         podSelector *LabelSelector#
         namespaceSelector *LabelSelector#
         ipBlock *IPBlock
        NetworkPolicyIngressRule
         ports [NetworkPolicyPort]
         from [NetworkPolicyPeer]
        NetworkPolicyEgressRule
         ports [NetworkPolicyPort]
         to [NetworkPolicyPeer]
        NetworkPolicySpec
         podSelector LabelSelector#~
         ingress [NetworkPolicyIngressRule]
         egress [NetworkPolicyEgressRule]
         policyTypes [string]
        NetworkPolicy
         spec NetworkPolicySpec~

        """

    private static let otherTypes = """
        NamespaceSpec
         finalizers [string]
        NamespaceStatus
         phase string
         conditions [Condition]@type
        Namespace
         spec NamespaceSpec~
         status NamespaceStatus~
        Secret
         immutable *bool
         data {string}
         stringData {string}
         type string ="Opaque"
        ConfigMap
         immutable *bool
         data {string}
         binaryData {string}
        ServiceAccount
         secrets [ObjectReference]@name
         imagePullSecrets [LocalObjectReference]
         automountServiceAccountToken *bool
        CoreEventSource
         component string
         host string
        EventSeries
         count *int
         lastObservedTime *microtime
        CoreEvent
         involvedObject ObjectReference~
         reason string
         message string
         source CoreEventSource~
         firstTimestamp string
         lastTimestamp string
         count int
         type string
         eventTime *microtime
         series *EventSeries
         action string
         related *ObjectReference
         reportingComponent *string
         reportingInstance *string
        Event
         eventTime *microtime
         series *EventSeries
         reportingController string
         reportingInstance string
         action string
         reason string
         regarding ObjectReference
         related *ObjectReference
         note string
         type string
         deprecatedSource CoreEventSource
         deprecatedFirstTimestamp string
         deprecatedLastTimestamp string
         deprecatedCount int
        LeaseSpec
         holderIdentity *string
         leaseDurationSeconds *int
         acquireTime *microtime
         renewTime *microtime
         leaseTransitions *int
         strategy *string
         preferredHolder *string
        Lease
         spec LeaseSpec
        PolicyRule
         verbs *[string]
         apiGroups [string]
         resources [string]
         resourceNames [string]
         nonResourceURLs [string]
        Subject
         kind *string
         apiGroup string
         name *string
         namespace string
        RoleRef
         apiGroup *string
         kind *string
         name *string
        Role
         rules *[PolicyRule]
         aggregationRule any
        RoleBinding
         subjects [Subject]
         roleRef RoleRef^!
        CustomResourceDefinitionNames
         plural *string!
         singular string
         shortNames [string]
         kind *string!
         listKind string
         categories [string]
        CustomResourceDefinitionSpec
         group *string!
         names CustomResourceDefinitionNames
         scope *string!
         versions *[any]!
         conversion any
         preserveUnknownFields bool
        CustomResourceDefinitionStatus
         conditions [Condition]@type
         acceptedNames CustomResourceDefinitionNames
         storedVersions [string]
        CustomResourceDefinition
         spec CustomResourceDefinitionSpec~
         status CustomResourceDefinitionStatus
        """
}
