/** The calls Cadenza sends to OpenAEV's REST API, below `<url>/api`. */
export type Operation = 'version' | 'register' | 'ping' | 'list' | 'status' | 'logs' | 'health';

export interface Call {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

/** The calls of one manager; ids are path segments and encoded as such. */
export function calls(manager: { readonly id: string; readonly name: string }) {
  const own = `/xtm-composer/${encodeURIComponent(manager.id)}`;
  const instance = (id: string): string => `${own}/connector-instances/${encodeURIComponent(id)}`;
  return {
    version: (): Call => ({ operation: 'version', method: 'GET', path: '/settings/version' }),
    register: (publicKey: string): Call => ({
      operation: 'register',
      method: 'POST',
      path: '/xtm-composer/register',
      body: { ...manager, public_key: publicKey },
    }),
    ping: (): Call => ({ operation: 'ping', method: 'PUT', path: `${own}/refresh-connectivity` }),
    list: (): Call => ({ operation: 'list', method: 'GET', path: `${own}/connector-instances` }),
    status: (id: string, status: string): Call => ({
      operation: 'status',
      method: 'PUT',
      path: `${instance(id)}/status`,
      body: { connector_instance_current_status: status },
    }),
    /** The server takes a push for a set and keeps ten elements: lines sent one by one would lose their order, and most of them. */
    logs: (id: string, lines: readonly string[]): Call => ({
      operation: 'logs',
      method: 'POST',
      path: `${instance(id)}/logs`,
      body: { connector_instance_logs: [lines.join('\n')] },
    }),
    health: (
      id: string,
      health: { readonly restartCount: number; readonly startedAt: string; readonly inRebootLoop: boolean },
    ): Call => ({
      operation: 'health',
      method: 'PUT',
      path: `${instance(id)}/health-check`,
      body: {
        connector_instance_restart_count: health.restartCount,
        connector_instance_started_at: health.startedAt,
        connector_instance_is_in_reboot_loop: health.inRebootLoop,
      },
    }),
  };
}
