/** The platform's error envelope: message, path, `extensions.code` and `extensions.data`, always with HTTP 200. */
import { GraphQLError } from 'graphql';

export type Extra = Readonly<Record<string, unknown>>;

export const platformError = (
  code: string,
  httpStatus: number,
  genre: string,
  message: string,
  extra: Extra = {},
): GraphQLError =>
  new GraphQLError(message, { extensions: { code, data: { http_status: httpStatus, genre, ...extra } } });

export const authRequired = (): GraphQLError =>
  platformError('AUTH_REQUIRED', 401, 'TECHNICAL', 'You must be logged in to do this.');

export const forbidden = (message = 'You are not allowed to do this.'): GraphQLError =>
  platformError('FORBIDDEN_ACCESS', 403, 'TECHNICAL', message);

export const functional = (message: string, extra?: Extra): GraphQLError =>
  platformError('FUNCTIONAL_ERROR', 400, 'BUSINESS', message, extra);

export const unsupported = (message: string, extra?: Extra): GraphQLError =>
  platformError('UNSUPPORTED_ERROR', 500, 'BUSINESS', message, extra);

/** Spelt as the platform spells it. */
export const cantFind = (id: string, type: 'ConnectorManager' | 'Connector'): GraphQLError =>
  functional('Cant find element to update', { id, type });

export const unknownError = (): GraphQLError =>
  platformError('UNKNOWN_ERROR', 500, 'TECHNICAL', 'An unknown error has occurred! Please try again later.');
