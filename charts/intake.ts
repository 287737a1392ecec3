// How clients reach a Service from outside the cluster: one word selects the controller.
import { Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import type { Construct } from 'constructs'
import {
  Gateway,
  GatewayClass,
  GatewaySpecListenersAllowedRoutesNamespacesFrom,
  HttpRoute,
} from '../imports/gateway.networking.k8s.io.ts'
import { HttpProxy } from '../imports/projectcontour.io.ts'
import {
  IngressRoute,
  IngressRouteSpecRoutesKind,
  IngressRouteSpecRoutesServicesPort,
} from '../imports/traefik.io.ts'
import type { Ingress } from '../pipelines/pipeline.ts'

/** The namespace of a controller's proxies, as its own manifests have it; policies let them in. */
export const controllerNamespaces: Record<Ingress, string> = {
  nginx: 'ingress-nginx',
  contour: 'projectcontour',
  traefik: 'traefik',
  gateway: 'envoy-gateway-system',
}

/** As in Envoy Gateway's guide; another implementation is another `controllerName`. */
const GATEWAY_CLASS = 'eg'

export type IntakeProps = {
  namespace: string
  service: kplus.Service
  host: string
  word: Ingress
  /** Requests go to the Service and not to its pods, so that a mesh may split and repeat them. */
  meshed: boolean
}

/** The class that the pipelines' Gateways name. */
export class GatewayController extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id, { disableResourceNameHashes: true })
    new GatewayClass(this, 'class', {
      metadata: { name: GATEWAY_CLASS },
      spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
    })
  }
}

/**
 * Routes the whole of a host to a Service. Contour and the Gateway API's implementations go to the pods themselves; there a
 * mesh encrypts and authorizes only. Nothing here retries: the hop that owns a batch does. */
export class Intake extends Chart {
  constructor(scope: Construct, id: string, { namespace, service, host, word, meshed }: IntakeProps) {
    super(scope, id, { namespace, disableResourceNameHashes: true })
    const { name, port } = service
    const metadata = { name }
    switch (word) {
      case 'nginx':
        this.addIngress(service, host, meshed)
        break
      case 'contour':
        new HttpProxy(this, 'route', {
          metadata,
          spec: {
            ingressClassName: 'contour',
            virtualhost: { fqdn: host },
            routes: [
              // The page follows the views over a WebSocket, and may be told nothing for a long time.
              { services: [{ name, port }], enableWebsockets: true, timeoutPolicy: { idle: '1h' } },
            ],
          },
        })
        break
      case 'traefik':
        new IngressRoute(this, 'route', {
          metadata,
          spec: {
            entryPoints: ['web'],
            routes: [
              {
                match: `Host(\`${host}\`)`,
                kind: IngressRouteSpecRoutesKind.RULE,
                services: [
                  {
                    name,
                    port: IngressRouteSpecRoutesServicesPort.fromNumber(port),
                    ...(meshed ? { nativeLb: true } : {}),
                  },
                ],
              },
            ],
          },
        })
        break
      case 'gateway':
        new Gateway(this, 'gateway', {
          metadata,
          spec: {
            gatewayClassName: GATEWAY_CLASS,
            listeners: [
              {
                name: 'http',
                protocol: 'HTTP',
                port: 80,
                hostname: host,
                allowedRoutes: { namespaces: { from: GatewaySpecListenersAllowedRoutesNamespacesFrom.SAME } },
              },
            ],
          },
        })
        new HttpRoute(this, 'route', {
          metadata,
          spec: {
            parentRefs: [{ name }],
            hostnames: [host],
            rules: [{ backendRefs: [{ name, port }] }],
          },
        })
    }
  }

  private addIngress(service: kplus.Service, host: string, meshed: boolean): void {
    const annotations = {
      // By default this controller sends a request again that one pod did not answer.
      'nginx.ingress.kubernetes.io/proxy-next-upstream': 'off',
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600',
      ...(meshed ? { 'nginx.ingress.kubernetes.io/service-upstream': 'true' } : {}),
    }
    const backend = kplus.IngressBackend.fromService(service)
    new kplus.Ingress(this, 'route', {
      metadata: { name: service.name, annotations },
      className: 'nginx',
      rules: [{ host, path: '/', pathType: kplus.HttpIngressPathType.PREFIX, backend }],
    })
  }
}
