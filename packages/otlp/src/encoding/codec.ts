/** The modules that need protobufjs: loaded with the first push, and so never in a process that does not forward. */

export { checkReply } from '../transport/reply.ts'
export { encodeJson } from './json.ts'
export { encodeProtobuf } from './protobuf.ts'
