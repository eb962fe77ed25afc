import { join } from 'node:path';
import { data } from './folder.ts';
import { pauseImage } from './images.ts';

/** Where a cluster sees its folder, in its own mount namespace: short, because the paths of sockets must be. */
export const inside = '/run/cadenza';

/** Path of something of the cluster's, as it sees it. */
export const at = (...path: readonly string[]): string => join(inside, data, ...path);

/** The network namespace of the pods' links. */
export const podNetwork = at('memory', 'pods');

export interface Program {
  readonly name: string;
  readonly command: readonly string[];
  /** Waits for the kubeconfig, which can be written only when the API server has made its certificate. */
  readonly late?: boolean;
}

export interface Ports {
  /** Of etcd's other members, of which there are none; it wants one all the same. */
  readonly peer: number;
  readonly api: number;
  readonly kubelet: number;
}

/** It answers at a socket that only root reaches, and what is lost at a power cut was for tests. */
const etcd = (program: string, peer: number): Program => ({
  name: 'etcd',
  command: [
    program,
    `--data-dir=${at('etcd')}`,
    `--listen-client-urls=unix://${at('etcd.sock')}`,
    // What it tells others, of whom there are none, and never looks at itself.
    `--advertise-client-urls=http://127.0.0.1:${peer}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-cluster=default=http://127.0.0.1:${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ],
});

const apiServer = (bin: string, port: number): Program => ({
  name: 'kube-apiserver',
  command: [
    join(bin, 'kube-apiserver'),
    `--etcd-servers=unix://${at('etcd.sock')}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${at('pki')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
    `--token-auth-file=${at('tokens.csv')}`,
    '--service-account-issuer=https://cadenza.test',
    `--service-account-key-file=${at('accounts.pub')}`,
    `--service-account-signing-key-file=${at('accounts.key')}`,
    '--kubelet-preferred-address-types=Hostname',
    '--allow-privileged=true',
  ],
});

/** Without ports: nobody asks them anything. */
const control = (bin: string): readonly Program[] => [
  {
    name: 'kube-controller-manager',
    late: true,
    command: [
      join(bin, 'kube-controller-manager'),
      `--kubeconfig=${at('kubeconfig')}`,
      `--service-account-private-key-file=${at('accounts.key')}`,
      `--root-ca-file=${at('pki', 'apiserver.crt')}`,
      '--leader-elect=false',
      '--secure-port=0',
      // Otherwise the rollout of hundreds of connectors takes minutes.
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
  },
  {
    name: 'kube-scheduler',
    late: true,
    command: [
      join(bin, 'kube-scheduler'),
      `--kubeconfig=${at('kubeconfig')}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
  },
];

/** The node's name is what the API server asks for logs: it must lead to this machine. */
export const nodeName = 'localhost';

const node = (bin: string): readonly Program[] => [
  { name: 'containerd', command: ['containerd', '--config', at('containerd.toml')] },
  {
    name: 'kubelet',
    late: true,
    command: [
      join(bin, 'kubelet'),
      `--kubeconfig=${at('kubeconfig')}`,
      `--config=${at('kubelet.yaml')}`,
      `--root-dir=${at('kubelet')}`,
      `--cert-dir=${at('pki-kubelet')}`,
      `--hostname-override=${nodeName}`,
    ],
  },
];

/** In the order of their start. `bin`: folder of Kubernetes' own programs. */
export const programs = (bin: string, etcdProgram: string, ports: Ports, real: boolean): readonly Program[] => [
  etcd(etcdProgram, ports.peer),
  apiServer(bin, ports.api),
  ...control(bin),
  ...(real ? node(bin) : []),
];

/**
 * Files of the node, by name. `cni`: folder of the network plugins, of which
 * the one that makes links is run where these belong.
 */
export const nodeFiles = (port: number, cni: string): Readonly<Record<string, string>> => ({
  'containerd.toml': `version = 2
root = "${at('containerd')}"
state = "${at('containerd-state')}"
[grpc]
  address = "${at('containerd.sock')}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${at('cni-bin')}"
    conf_dir = "${at('cni')}"
`,
  'cni/10-pods.conflist': JSON.stringify({
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'ptp', ipMasq: false, ipam: { type: 'host-local', subnet: '10.88.0.0/16', dataDir: at('ipam') } },
    ],
  }),
  'cni-bin/ptp': `#!/bin/sh\nexec nsenter --net=${podNetwork} '${join(cni, 'ptp').replaceAll("'", `'\\''`)}' "$@"\n`,
  'resolv.conf': '',
  'kubelet.yaml': JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
    port,
    healthzPort: 0,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    // Images are imported, not pulled: on a full disk nothing could bring them back.
    evictionHard: { 'memory.available': '1Mi' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    serializeImagePulls: false,
    clusterDNS: ['10.0.0.10'],
    clusterDomain: 'cluster.local',
    resolvConf: at('resolv.conf'),
    podLogsDir: at('pod-logs'),
    volumePluginDir: at('volume-plugins'),
    containerRuntimeEndpoint: `unix://${at('containerd.sock')}`,
    maxPods: 500,
  }),
});
