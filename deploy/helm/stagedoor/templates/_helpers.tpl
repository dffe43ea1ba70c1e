{{- /* Names and labels that several templates use. */ -}}

{{- /* Of at most 57 characters, so that a Service may have it with `-admin` behind it (63). */ -}}
{{- define "stagedoor.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 57 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 57 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "stagedoor.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "stagedoor.labels" -}}
{{ include "stagedoor.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* With a tag, or with a digest (`sha256:…`) in its place. */ -}}
{{- define "stagedoor.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion }}
{{- printf "%s%s%s" .Values.image.repository (ternary "@" ":" (hasPrefix "sha256:" $tag)) $tag }}
{{- end }}

{{- define "stagedoor.secretName" -}}
{{- .Values.secrets.existingSecret | default (include "stagedoor.name" .) }}
{{- end }}

{{- define "stagedoor.isReplicated" -}}
{{- if or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled }}true{{ end }}
{{- end }}

{{- /* Whether Redis is found by the secret `redis-url`, and not by what the operator's own options name. */ -}}
{{- define "stagedoor.hasRedisUrl" -}}
{{- $own := dig "session" "redis" (dict) .Values.config }}
{{- if and .Values.redis.enabled (not (or $own.url $own.sentinel $own.cluster)) }}true{{ end }}
{{- end }}

{{- /* What clients of the pods speak: `server.tls` has the gateway do TLS itself. */ -}}
{{- define "stagedoor.scheme" -}}
{{- ternary "https" "http" (not (empty (dig "server" "tls" "" .Values.config))) }}
{{- end }}

{{- /* The host of baseUrl, for Ingress and HTTPRoute, which take it in lower case only. */ -}}
{{- define "stagedoor.host" -}}
{{- (urlParse .Values.baseUrl).hostname | lower }}
{{- end }}

{{- /* The namespace that a Service's name in backstage.url has (`backstage.portal`, `backstage.portal.svc…`); empty where it has none. */ -}}
{{- define "stagedoor.backstageNamespace" -}}
{{- $labels := splitList "." (urlParse .Values.backstage.url).hostname }}
{{- if or (eq (len $labels) 2) (and (gt (len $labels) 2) (eq (index $labels 2) "svc")) }}{{ index $labels 1 }}{{ end }}
{{- end }}
