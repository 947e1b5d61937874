/** The modules that need protobufjs: loaded with the first push, and so never in a process that does not forward. */
export { encodeJson } from './json.ts'
export { encodeProtobuf } from './protobuf.ts'
export { checkReply } from './reply.ts'
