import { z } from 'zod';
import { choice, key, text } from './leaf.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const json: z.ZodType<Json> = z.json();
const object = z.record(z.string(), json, 'is not an object').readonly();

const jsonText = z.string().superRefine((given, context) => {
  const message = 'is not a JSON object';
  try {
    if (!object.safeParse(JSON.parse(given)).success) context.addIssue({ code: 'custom', message });
  } catch {
    context.addIssue({ code: 'custom', message });
  }
});

const quantities = z.record(z.string(), z.string()).readonly().optional();

export const kubernetes = z.strictObject({
  namespace: text('Namespace; unset: the one of the service account or kubeconfig context.'),
  base_deployment: key(object.optional(), 'Deployment that every generated one is laid over.', {
    form: 'tree',
    expects: 'a Deployment; as a variable in JSON',
  }),
  base_deployment_json: key(jsonText.optional(), 'The same as JSON text; used if the former is unset.', {
    expects: 'a Deployment in JSON',
  }),
  image_pull_policy: choice(['Always', 'IfNotPresent', 'Never'], 'IfNotPresent', 'Pull policy of the containers.'),
  image_resources: key(
    z
      .strictObject({ limits: quantities, requests: quantities }, 'has other entries than limits and requests')
      .readonly()
      .optional(),
    'Resources of the containers.',
    {
      form: 'map',
      expects: 'limits and requests, each a table such as memory: 512Mi; as a variable JSON, or one variable per entry',
    },
  ),
});
