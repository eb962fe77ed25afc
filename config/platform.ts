import { z } from 'zod';
import type { Platform } from '../model/connector.ts';
import { headerSecret, optionalUrl, proxy, url } from './address.ts';
import { docker, portainer, registry, swarm } from './daemon.ts';
import { kubernetes } from './kubernetes.ts';
import { choice, flagOr, list, text, wholeOr } from './leaf.ts';

/** The token of the shipped file; a section that still has it is unusable. */
export const placeholder = 'ChangeMe';

const seconds = (standard: number, most: number, about: string) => wholeOr(standard, 1, most, 'seconds', about);

const portainerOf: Readonly<Record<Platform, Parameters<typeof portainer>[0]>> = {
  opencti: { api: 'https://host.docker.internal:9443' },
  openaev: { api: 'https://localhost:9443', stack: 'opencti-dev', network: 'opencti-dev_default' },
};

const daemon = (platform: Platform) =>
  z.strictObject({
    selector: choice(['kubernetes', 'docker', 'swarm', 'portainer'], 'kubernetes', 'What runs the connectors.'),
    inherit: flagOr(
      true,
      'Use the registry and docker sections of opencti where this platform has none, as XTM Composer does (openaev only).',
    ),
    registry,
    docker,
    swarm,
    kubernetes,
    portainer: portainer(portainerOf[platform]),
  });

/** The section of one platform. Times are seconds. */
export const platform = (name: Platform) =>
  z.strictObject({
    enable: flagOr(name === 'opencti', 'Manage the connectors of this platform.'),
    url: url('http://host.docker.internal:4000', 'URL of the platform, for Cadenza and its connectors.'),
    connector_url: optionalUrl('URL given to connectors, if they reach the platform under another one.'),
    token: headerSecret(placeholder, 'API token of the platform.'),
    unsecured_certificate: flagOr(false, 'Accept any certificate of the platform.'),
    with_proxy: flagOr(
      false,
      'Use the proxy settings, for Cadenza and its connectors. false: no proxy, whatever the process environment says.',
    ),
    http_proxy: proxy('Proxy for http targets; else HTTP_PROXY.'),
    https_proxy: proxy('Proxy for https targets; else HTTPS_PROXY.'),
    no_proxy: text('Comma list of hosts reached directly; else NO_PROXY.'),
    https_proxy_ca: list('CAs trusted beside the public ones, each PEM text or path; files are read at deploy.', {
      form: 'pems',
      expects: 'PEM text or a path, or a list of them',
    }),
    https_proxy_reject_unauthorized: flagOr(true, 'false: connectors written for Node accept any certificate.'),
    logs_schedule: seconds(10, 3_600, "Least seconds between two reports of a connector's log."),
    request_timeout: seconds(30, 600, 'Longest request, seconds.'),
    connect_timeout: seconds(10, 600, 'Longest connect, seconds.'),
    listing_timeout: seconds(
      120,
      3_600,
      'Longest listing of connectors, seconds; newer servers hold it back after an upgrade.',
    ),
    daemon: daemon(name),
  });
