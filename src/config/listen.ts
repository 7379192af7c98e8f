/** What is wrong with a place to listen (`127.0.0.1:9810`, `[::1]:9810`, `localhost:0`, `unix:/path`, `off`), or undefined. */
export function listenProblem(listen: string): string | undefined {
  if (listen === 'off') return undefined;
  if (listen.startsWith('unix:')) {
    // sun_path holds 108 bytes with its final NUL, unix(7).
    const path = listen.slice('unix:'.length);
    if (!path.startsWith('/')) return 'must have an absolute path after unix:';
    return Buffer.byteLength(path) > 107 ? 'must have a path of at most 107 bytes after unix:' : undefined;
  }
  const match = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(listen);
  if (match === null) return 'must be host:port, [address]:port, unix:/path or off';
  return Number(match[1]) > 65_535 ? 'must have a port of at most 65535' : undefined;
}
