/* Also part of the workflow bundle for encrypted payloads: messages and stacks of failures travel as payloads there. */
const { DefaultFailureConverter } = require('@temporalio/common');

module.exports = { failureConverter: new DefaultFailureConverter({ encodeCommonAttributes: true }) };
