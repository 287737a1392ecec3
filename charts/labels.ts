// Labels by which Services, policies and scalers find pods. A Deployment's selector cannot be changed, so neither can these.

export function labelsOf(name: string, pipeline: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': pipeline }
}

/** The label that Kubernetes itself puts on every namespace. */
export const namespaceLabel = 'kubernetes.io/metadata.name'
