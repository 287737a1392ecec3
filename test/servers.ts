// The real servers that the tests meet. `make test` starts them and names them in the environment.

function required(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set: run the tests with \`make test\`, which starts the servers`)
  return value
}

export const servers = {
  get kafkaBrokers(): string {
    return required('KAFKA_BROKERS')
  },
  get redisUrl(): string {
    return required('REDIS_URL')
  },
  get mongoUrl(): string {
    return required('MONGO_URL')
  },
}
