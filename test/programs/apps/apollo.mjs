import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'

const server = new ApolloServer({
  typeDefs: 'type Query { item(id: ID!): String }',
  resolvers: { Query: { item: (_, { id }) => `item ${id}` } },
  stopOnTerminationSignals: true,
  plugins: [{ serverWillStart: async () => ({ serverWillStop: async () => console.log('serverWillStop') }) }],
})
await startStandaloneServer(server, { listen: { port: Number(process.env.PORT), host: '127.0.0.1' } })
