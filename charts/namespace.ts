// A namespace that takes only pods that PodSecurity calls restricted, and lets no packet through that no policy allows.
import { Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { KubeNamespace } from 'cdk8s-plus-28/lib/imports/k8s.js'
import type { Construct } from 'constructs'

export class Namespace extends Chart {
  constructor(scope: Construct, id: string, name: string, { closed }: { closed: boolean }) {
    super(scope, id, { disableResourceNameHashes: true })
    const level = Object.fromEntries(
      ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
    )
    // metadata.name: the construct of cdk8s-plus adds a label of its own hash.
    new KubeNamespace(this, 'namespace', { metadata: { name, labels: level } })
    if (!closed) return
    const deny = { default: kplus.NetworkPolicyTrafficDefault.DENY }
    new kplus.NetworkPolicy(this, 'deny', {
      metadata: { name: 'deny-all', namespace: name },
      ingress: deny,
      egress: deny,
    })
  }
}
