{{/* A Service's name has room for 63 characters, and "-metrics" follows. */}}
{{- define "operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "todo-controller" .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-todo-controller" (.Release.Name | trunc 39 | trimSuffix "-") -}}
{{- end -}}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "operator.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* What the operator's pods are found by. A Deployment's selector cannot change: nothing may be added here. */}}
{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: todo-controller
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Of every object. */}}
{{- define "operator.labels" -}}
app.kubernetes.io/part-of: todo-platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Of objects that say what the operator may do; those that run it carry the labels of its pods. */}}
{{- define "operator.accessLabels" -}}
app.kubernetes.io/name: todo-controller
{{ include "operator.labels" . }}
{{- end }}

{{- define "operator.image" -}}
{{- $name := list .Values.image.registry .Values.image.repository | compact | join "/" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{- define "operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
