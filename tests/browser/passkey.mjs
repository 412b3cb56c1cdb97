// Drives a real Chromium through the console with a virtual authenticator (DevTools protocol over a pipe, no package):
// passkeys are made, let in, and are refused for every reason there is. Arguments: program, origin, other origin,
// one-time link, folder for its profile. Prints one line per claim; exits with 1 at the first that is false.
import { spawn } from "node:child_process";

const [program, origin, other, link, profile] = process.argv.slice(2);
const PASSWORD = "correct horse battery staple";
const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--ignore-certificate-errors",
  "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank"];
const browser = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [, , , to, from] = browser.stdio;
const waiting = new Map();
let last = 0;
let rest = "";
from.on("data", (data) => {
  const parts = (rest + data).split("\0");
  rest = parts.pop();
  for (const message of parts.map((part) => JSON.parse(part))) {
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.error) reject?.(new Error(JSON.stringify(message.error)));
    else resolve?.(message.result);
  }
});
const send = (method, params = {}, sessionId) =>
  new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    to.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
  });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
function claim(truth, words, more = "") {
  console.log(`${truth ? "holds" : "FAILS"}: ${words}${truth ? "" : ` ${more}`}`);
  if (!truth) {
    browser.kill("SIGKILL");
    process.exit(1);
  }
}

const { targetId } = await send("Target.createTarget", { url: "about:blank" });
const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
const tab = (method, params) => send(method, params, sessionId);
async function run(expression) {
  const { result, exceptionDetails } = await tab("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}
// Waits until an expression is true on whatever page is there.
async function until(expression, words) {
  for (let tries = 0; tries < 600; tries += 1) {
    try {
      if (await run(expression)) return;
    } catch {
      // The page is changing.
    }
    await pause(100);
  }
  claim(false, words, await run("location.href + ' ' + document.body.innerText").catch(String));
}
// Marks the page, acts, and waits for the next one.
async function next(action) {
  await run("window.old = true");
  await action();
  await until("!window.old && document.readyState === 'complete'", "another page comes");
}
// An address has thirty attempts to come in a minute: waits for the next minute before they are used up.
let [minute, attempts] = [0, 0];
async function attempt() {
  for (;;) {
    const current = Math.floor(Date.now() / 60_000);
    if (current !== minute) [minute, attempts] = [current, 0];
    if (attempts < 25) break;
    await pause(500);
  }
  attempts += 1;
}
const go = (url) => next(() => tab("Page.navigate", { url }));
async function press(selector) {
  if (selector.startsWith("form[")) await attempt();
  await next(() => run(`document.querySelector(${JSON.stringify(selector)}).click()`));
}
const fill = (name, value) => run(`document.querySelector("[name=${name}]").value = ${JSON.stringify(value)}`);
const text = () => run("document.body.innerText");
const path = () => run("location.pathname");

await tab("Page.enable");
await tab("WebAuthn.enable");
const kind = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
  isUserVerified: true, automaticPresenceSimulation: true };
let { authenticatorId } = await tab("WebAuthn.addVirtualAuthenticator", { options: kind });

// In by the link, and a first passkey.
await go(link);
await fill("password", PASSWORD);
await fill("again", PASSWORD);
await press("button[type=submit]");
claim((await path()) === "/devices", "the link leads in", await text());
async function add(name) {
  await go(`${origin}/account/passkeys`);
  await fill("password", PASSWORD);
  await press("form[action$='/new'] button");
  await fill("name", name);
  await press("form[data-ask] button");
}
await add("Phone <b>&amp;");
claim((await path()) === "/account/passkeys" && (await text()).includes("Phone <b>&amp;"), "a passkey is made and named", await text());
const { credentials } = await tab("WebAuthn.getCredentials", { authenticatorId });
claim(credentials.length === 1 && credentials[0].isResidentCredential, "it is found without a name");

// The same authenticator gives no second one; another one does.
await go(`${origin}/account/passkeys`);
await fill("password", PASSWORD);
await press("form[action$='/new'] button");
await fill("name", "again");
await run("document.querySelector('form[data-ask] button').click()");
await until("document.querySelector('#passkey-words').dataset.why === 'InvalidStateError'", "one key of an authenticator");
claim(true, "an authenticator gives one key for an account");

// Out, and in by it; the question and the answer are kept for later.
async function question(from = origin) {
  await go(`${from}/sign-in`);
  await press("form[action='/sign-in/passkey'] button");
}
const out = () => press("form[action='/sign-out'] button");
const HOLD = `(() => { const form = document.querySelector("form[data-ask]"); window.kept = null;
  form.submit = () => { window.kept = [form.elements.ticket.value, form.elements.answer.value]; }; })()`;
// Lets the authenticator answer, but keeps the answer here.
async function hold(bend = "") {
  await run(HOLD + bend);
  await run("document.querySelector('form[data-ask] button').click()");
  await until("window.kept || document.querySelector('#passkey-words').textContent", "the authenticator answers");
  return run("window.kept");
}

await out();
await question();
await press("form[data-ask] button");
claim((await path()) === "/devices", "a passkey alone leads all the way in", await text());
await go(`${origin}/account/passkeys`);
claim(!(await text()).includes("never"), "its last use is shown");
await out();

// Sends an answer by a page's own form, past its script; whether it leads in.
async function sendForm(ticket, answer) {
  await question();
  await run(`(() => { const form = document.querySelector("form[data-ask]");
    form.elements.ticket.value = ${JSON.stringify(ticket)}; form.elements.answer.value = ${JSON.stringify(answer)}; })()`);
  await attempt();
  await next(() => run(`HTMLFormElement.prototype.submit.call(document.querySelector("form[data-ask]"))`));
  return (await path()) === "/devices";
}
const refused = async (words, ticket, answer) =>
  claim(!(await sendForm(ticket, answer)) && (await text()).includes("does not open the door"), words, await text());

await question();
let [ticket, answer] = await hold();
claim(await sendForm(ticket, answer), "an answer that was held back leads in");
await out();
await refused("a replayed answer is refused", ticket, answer);

await question();
[ticket] = await hold();
await refused("an answer to another question is refused", ticket, answer);

await question();
[ticket, answer] = await hold();
const bent = JSON.parse(answer);
bent.response.userHandle = "AAAAAAAAAAAAAAAAAAAAAQ";
await refused("another user's handle is refused", ticket, JSON.stringify(bent));

await question();
[ticket, answer] = await hold();
const forged = JSON.parse(answer);
forged.response.signature = `${forged.response.signature.slice(0, -8)}AAAAAAAA`;
await refused("a bent signature is refused", ticket, JSON.stringify(forged));

await question(other);
[ticket, answer] = await hold(`; document.querySelector("form[data-ask]").dataset.origin = location.origin;`);
await refused("an answer given at another origin is refused", ticket, answer);

await tab("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
await question();
claim((await hold()) === null, "the browser gives nothing without its user verified");
await question();
const unverified = await hold(`; { const form = document.querySelector("form[data-ask]"); const ask = JSON.parse(form.dataset.ask);
  ask.publicKey.userVerification = "discouraged"; form.dataset.ask = JSON.stringify(ask); }`);
claim(unverified !== null, "an authenticator answers without verifying when it is asked so");
await refused("an answer without its user verified is refused", ...unverified);
await tab("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });

// A copy of the authenticator from before its last signatures.
const { credentials: now } = await tab("WebAuthn.getCredentials", { authenticatorId });
claim(now[0].signCount > 1, "the authenticator counts");
await tab("WebAuthn.removeCredential", { authenticatorId, credentialId: now[0].credentialId });
await tab("WebAuthn.addCredential", { authenticatorId, credential: { ...now[0], signCount: 0 } });
await question();
[ticket, answer] = await hold();
await refused("a counter that goes back is refused", ticket, answer);
await tab("WebAuthn.removeCredential", { authenticatorId, credentialId: now[0].credentialId });
await tab("WebAuthn.addCredential", { authenticatorId, credential: { ...now[0], signCount: now[0].signCount + 50 } });

// The password alone leads nowhere any more.
await go(`${origin}/sign-in`);
await fill("name", "viewer");
await fill("password", PASSWORD);
await press("form[action='/sign-in'] button");
claim((await path()) === "/sign-in/code" && (await text()).includes("Your second step is your passkey"),
  "beside a passkey the password is half the way", await text());
await press("form[action='/sign-in/passkey'] button");
await press("form[data-ask] button");
claim((await path()) === "/devices", "and the passkey the other half", await text());

// Several, and removed.
await tab("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
const first = now[0];
({ authenticatorId } = await tab("WebAuthn.addVirtualAuthenticator", { options: kind }));
await add("Badge");
claim((await run("document.querySelectorAll('tbody tr').length")) === 2, "several passkeys", await text());
await press("tbody tr:first-child button");
claim(!(await text()).includes("Phone"), "one is removed", await text());
await out();
await tab("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
({ authenticatorId } = await tab("WebAuthn.addVirtualAuthenticator", { options: kind }));
await tab("WebAuthn.addCredential", { authenticatorId, credential: { ...first, signCount: first.signCount + 100 } });
await question();
[ticket, answer] = await hold();
await refused("a removed passkey is refused", ticket, answer);

await Promise.race([send("Browser.close"), pause(2000)]);
browser.kill("SIGKILL");
