// What of Linkerd's own is named by the charts.

export const linkerdNamespace = 'linkerd'
export const multiclusterNamespace = 'linkerd-multicluster'
export const vizNamespace = 'linkerd-viz'
/** Where a proxy takes what other proxies send (`proxy.ports.inbound`). */
export const PROXY_PORT = 4_143
/** Its metrics, and what `linkerd viz tap` asks. */
export const PROXY_ADMIN_PORT = 4_191
export const PROXY_TAP_PORT = 4_190
/** Identity, destination and policy, which every proxy asks. */
export const CONTROL_PLANE_PORTS = [8_080, 8_086, 8_090]
/** Of the gateway that lets another cluster in (`gateway.port`). */
export const GATEWAY_PORT = 4_143
export const GATEWAY_ACCOUNT = 'linkerd-gateway'
/** Where the gateway says that it is well (`gateway.probe`). */
export const gatewayProbe = { path: '/ready', port: '4191', period: '3s' }
/** A Service with it is mirrored into the clusters that are linked to this one. */
export const exportLabel = { 'mirror.linkerd.io/exported': 'true' }
export const trustDomain = 'cluster.local'
