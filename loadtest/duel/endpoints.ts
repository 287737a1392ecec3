// Endpoints of the duel's own small programs.
import type { Endpoint } from '../../services/lib/endpoint.ts'

export function listeningAt(scheme: string, host: string): Endpoint {
  return { url: `${scheme}://${host}`, scheme, hosts: [host], path: '', parameters: new Map() }
}
