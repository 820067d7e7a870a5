import { createServer, connect, type Server } from "node:net";
import { join } from "node:path";
import t from "tap";
import { peerCredentials } from "../../src/sys/peer.ts";
import { asRoot, cannotDrop, otherUser, start } from "./child.ts";

function fdOf(socket: unknown): number {
  return (socket as { _handle: { fd: number } })._handle.fd;
}

async function accept(server: Server, client: () => void): Promise<ReturnType<typeof peerCredentials>> {
  const seen = new Promise<ReturnType<typeof peerCredentials>>((resolve) => {
    server.once("connection", (socket) => {
      socket.on("error", () => {});
      resolve(peerCredentials(fdOf(socket)));
      socket.destroy();
    });
  });
  client();
  return seen;
}

t.test("the peer of a unix socket is named by pid, uid and gid", async (t) => {
  const path = join(t.testdir(), "s");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path, writableAll: true }, resolve));
  const own = await accept(server, () => connect(path).on("error", () => {}));
  t.same(own, { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  server.close();
});

t.test("another user's process is told apart", { skip: asRoot ? cannotDrop : "needs root to become another user" }, async (t) => {
  const path = `\0zvault-test-${process.pid}`; // abstract: no folder of ours has to be open to others
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  let stop = async (): Promise<void> => {};
  let pid: number | undefined;
  const seen = await accept(server, () => {
    const body = `process.getBuiltinModule("node:net").connect(${JSON.stringify(path)}).on("error", () => {}); say("on its way");`;
    void start(body, { user: otherUser }).then((other) => {
      pid = other.child.pid;
      stop = other.stop;
    });
  });
  while (pid === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  t.same(seen, { pid, ...otherUser });
  await stop();
  server.close();
});

t.test("what is no socket is an error", async (t) => {
  t.throws(() => peerCredentials(9999), { code: "EBADF" });
});
