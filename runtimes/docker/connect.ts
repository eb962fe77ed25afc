import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { permanent } from '../../model/errors.ts';

export interface DockerAddress {
  /** `unix:///path`, `tcp://host:port`, `https://host:port`; unset: the default socket. */
  readonly host?: string;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Folder with ca.pem, cert.pem, key.pem, as the Docker command line uses it. */
  readonly certPath?: string;
  readonly tlsVerify?: boolean;
  /** Milliseconds for one call. */
  readonly timeoutMs: number;
}

const defaultSocket = '/var/run/docker.sock';

/** A client of the engine at this address. Throws `InvalidConfiguration` when the address cannot be one. */
export function connect(address: DockerAddress): Docker {
  const host = address.host ?? `unix://${defaultSocket}`;
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  if (host.startsWith('/')) return new Docker({ socketPath: host });
  let url: URL;
  try {
    url = new URL(host.includes('://') ? host : `tcp://${host}`);
  } catch {
    throw permanent(
      'InvalidConfiguration',
      'daemon.docker.host is no address; use unix:///path, tcp://host:port or https://host:port',
    );
  }
  if (!['tcp:', 'http:', 'https:'].includes(url.protocol))
    throw permanent(
      'InvalidConfiguration',
      `daemon.docker.host: ${url.protocol}// is not supported; use unix://, tcp:// or https://`,
    );
  const files = address.certPath === undefined ? {} : fromFolder(address.certPath);
  const tls = { ...files, ...address.tls };
  const secure =
    url.protocol === 'https:' || address.tlsVerify === true || tls.cert !== undefined || tls.ca !== undefined;
  return new Docker({
    host: url.hostname,
    port: Number(url.port) || (secure ? 2376 : 2375),
    protocol: secure ? 'https' : 'http',
    ...(secure ? tls : {}),
  });
}

function fromFolder(folder: string): { ca?: string; cert?: string; key?: string } {
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map(read);
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}
