import Docker from 'dockerode';
import type { PortainerOptions } from '../../runtimes/portainer.ts';
import type { Spec } from '../../runtimes/runtime.ts';
import { demoImage } from '../../tools/image.ts';
import { certificate } from '../activity/opencti-server.ts';
import { type Shim, type ShimOptions, startShim } from '../support/portainer-shim.ts';
import { vectorPem } from '../unit/decrypt-vectors.ts';

export const key = 'ptr_a-key-nobody-must-see';
export const socket = (process.env['DOCKER_HOST'] ?? '').replace('unix://', '');
/** The engine itself, past Portainer. */
export const engine = (): Docker => new Docker({ socketPath: socket });
export const signal = (): AbortSignal => AbortSignal.timeout(60_000);

export const shimFor = (more: Partial<ShimOptions> = {}): Promise<Shim> =>
  startShim({ socket, key, environmentId: '3', ...more });

export const optionsFor = (url: string, more: Partial<PortainerOptions> = {}): PortainerOptions => ({
  api: url,
  apiKey: key,
  environment: '3',
  environmentType: 'docker',
  apiVersion: 'v1.44',
  unsecuredCertificate: false,
  answerMs: 20_000,
  timeoutMs: 60_000,
  hostOptions: { networkMode: 'none' },
  pullConcurrency: 2,
  stopTimeout: 3,
  ...more,
});

export const specFor = (managerId: string, name: string, changes: Partial<Spec> = {}): Spec => ({
  connectorId: name,
  name,
  image: demoImage,
  env: [{ key: 'OPENCTI_CONFIG_HASH', value: 'h1', sensitive: false }],
  labels: {
    'opencti-manager': managerId,
    'opencti-connector-id': name,
    'opencti-platform': 'opencti',
    'cadenza-spec-hash': 's',
  },
  contractHash: 'h1',
  specHash: 's',
  ...changes,
});

export async function removeAll(managerId: string): Promise<void> {
  const all = await engine().listContainers({ all: true, filters: { label: [`opencti-manager=${managerId}`] } });
  await Promise.all(all.map((c) => engine().getContainer(c.Id).remove({ force: true, v: true })));
}

/** Self-signed for 127.0.0.1. */
export const tls = { key: vectorPem, cert: certificate };

/** Self-signed for another host; good until 2119. */
export const elsewhere = {
  key: vectorPem,
  cert: `-----BEGIN CERTIFICATE-----
MIIDOTCCAiGgAwIBAgIUDoqZCMlRHQNAor93/wUL/sZ4DKUwDQYJKoZIhvcNAQEL
BQAwHDEaMBgGA1UEAwwRcG9ydGFpbmVyLmV4YW1wbGUwIBcNMjYxMTIzMjIzNjAz
WhgPMjExOTEyMjYyMjM2MDNaMBwxGjAYBgNVBAMMEXBvcnRhaW5lci5leGFtcGxl
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArm2RP9Zx5zxywa3V1FyW
++osK4kAni8ry4ucwa0dK8U180wNRG3+DZU4Ot+LWVJ1OOLt7b8j7GQcDz+KRtAX
FxEDH95TY3fhF/ONkpYszKXiKnV9E5MW41RSCSKRqZa/LD90AKEyB0VDwJPK9d/+
ELfjx3rpn5vYGWls2vKvMFQnIARehQ55Zsg0f/HUvWBDJKEWr4S4q+NwwV5ot6Hx
jrglpeRLPOL1Zu6PgClJSRhxJAY21YpXPLhb/tzBRmVTR9Fs6xydOuHdM2TLOk1l
Yiv//5Ps0QmPIDpX+6nD6AqDa05AWYv97MxV/f948cD5EfEPaLcczTC1CUWaPDKm
IQIDAQABo3EwbzAdBgNVHQ4EFgQUepoUdwG+2gZdcEjx7J3qabeJDDowHwYDVR0j
BBgwFoAUepoUdwG+2gZdcEjx7J3qabeJDDowDwYDVR0TAQH/BAUwAwEB/zAcBgNV
HREEFTATghFwb3J0YWluZXIuZXhhbXBsZTANBgkqhkiG9w0BAQsFAAOCAQEAqcIo
qAHFyZ2+ZgsgihXBPIUrKHQv2ZbbdXP+PFXSv4GH7zr7OHGUrs0bj1V0konCpCqt
shI+DmAbd8IXAtMI7WDQAFNKeA05VFQpp3LyAq/GRpX6uo2ba5InkaE4z7grWris
Dbmji0DUx47j6hTebUUwnYlaBCRzrLDJaRfq2xgsvcBQ2xcgLuTBnC/YmtwrUQBV
zzhdT18sdbodclFwWjIaor9P0F/pYWpTraibZzfN4SmXdjpn1eBHBPV8xH155sIF
870RNns0oHjXkrn3g3MaSgkb0UI5djVv1uQRqFLWq+j1acHq0e6yGVn8zpmr7ZEP
fo80q8y/KSjllQ5ETw==
-----END CERTIFICATE-----
`,
};
