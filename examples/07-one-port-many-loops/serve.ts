import { getRunningLoop, type Protocol, remote, type Server, type StreamTransport } from 'ringloop';

/** Tells each client the name of the loop that it has reached. */
class NameProtocol implements Protocol {
  connectionMade(transport: StreamTransport): void {
    transport.write(Buffer.from(getRunningLoop().name));
    transport.close();
  }
}

let server: Server | null = null;

/** Serves in the called loop, and tells the port. */
export const serve = remote(import.meta.url, async function serve(port: number): Promise<number> {
  const options = { host: '127.0.0.1', port, reusePort: true };
  server = await getRunningLoop().createServer(() => new NameProtocol(), options);
  const address = server.sockets?.[0]?.getsockname();
  if (typeof address !== 'object') throw new Error('A TCP server has a host and a port');
  return address.port;
});

export const stopServing = remote(import.meta.url, function stopServing(): void {
  server?.close();
});
