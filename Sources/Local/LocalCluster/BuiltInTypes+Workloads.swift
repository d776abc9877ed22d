extension BuiltInTypes {
    static let workloadTypes = """
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

    static let networkTypes = """
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
}
