extension BuiltInTypes {
    static let table = metaTypes + podTypes + workloadTypes + networkTypes + otherTypes

    static let metaTypes = """
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

    static let otherTypes = """
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
