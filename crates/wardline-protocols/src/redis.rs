//! RESP, the protocol of Redis and its kin (the protocol specification of Redis, RESP2 and RESP3, and its inline
//! commands).
//!
//! In: both streams, value by value. Out: the server's version by its answer to INFO or HELLO, a password accepted
//! in clear. Keys and values are stepped over by their lengths. Limits: [`LINE_MAX`], [`VALUES_MAX`].

use crate::line::{Lines, verb};
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "redis",
    carriers: &[Carrier::Stream],
    ports: &[PORT],
    probe,
    start: |_| Box::new(Redis::default()),
};

/// The usual port of the server.
const PORT: u16 = 6379;
/// Longest line read; longer ones are simple strings and inline values, which are not wanted.
const LINE_MAX: usize = 4_096;
/// Values of both sides read before the flow is left: logins and versions come early.
const VALUES_MAX: u32 = 50_000;
/// Largest value or number of elements that the server's own bounds allow.
const COUNT_MAX: u64 = 512 << 20;
/// Longest word of a command or of an answer to HELLO that is looked at.
const WORD_MAX: u64 = 24;
/// Start of an answer to INFO in which the version stands.
const INFO_MAX: u64 = 512;
/// Longest number before the first command's word: `*1048576`.
const NUMBER_MAX: usize = 7;

/// How an answer to INFO starts.
const INFO_HEAD: &[u8] = b"# Server\r\nredis_version:";

/// Commands by which a request is known.
const COMMANDS: &[&str] = &[
    "ACL",
    "APPEND",
    "ASKING",
    "AUTH",
    "BGREWRITEAOF",
    "BGSAVE",
    "BITCOUNT",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "CLIENT",
    "CLUSTER",
    "COMMAND",
    "CONFIG",
    "DBSIZE",
    "DEBUG",
    "DECR",
    "DECRBY",
    "DEL",
    "DISCARD",
    "DUMP",
    "ECHO",
    "EVAL",
    "EVALSHA",
    "EXEC",
    "EXISTS",
    "EXPIRE",
    "EXPIREAT",
    "FLUSHALL",
    "FLUSHDB",
    "GEOADD",
    "GET",
    "GETDEL",
    "GETEX",
    "GETRANGE",
    "GETSET",
    "HDEL",
    "HELLO",
    "HEXISTS",
    "HGET",
    "HGETALL",
    "HINCRBY",
    "HKEYS",
    "HLEN",
    "HMGET",
    "HMSET",
    "HSCAN",
    "HSET",
    "HSETNX",
    "HVALS",
    "INCR",
    "INCRBY",
    "INFO",
    "KEYS",
    "LASTSAVE",
    "LATENCY",
    "LINDEX",
    "LLEN",
    "LMOVE",
    "LPOP",
    "LPUSH",
    "LRANGE",
    "LREM",
    "LTRIM",
    "MEMORY",
    "MGET",
    "MIGRATE",
    "MODULE",
    "MONITOR",
    "MSET",
    "MULTI",
    "OBJECT",
    "PERSIST",
    "PEXPIRE",
    "PFADD",
    "PING",
    "PSETEX",
    "PSUBSCRIBE",
    "PSYNC",
    "PTTL",
    "PUBLISH",
    "PUBSUB",
    "PUNSUBSCRIBE",
    "QUIT",
    "RENAME",
    "REPLCONF",
    "REPLICAOF",
    "ROLE",
    "RPOP",
    "RPOPLPUSH",
    "RPUSH",
    "SADD",
    "SAVE",
    "SCAN",
    "SCARD",
    "SCRIPT",
    "SDIFF",
    "SELECT",
    "SENTINEL",
    "SET",
    "SETEX",
    "SETNX",
    "SETRANGE",
    "SHUTDOWN",
    "SINTER",
    "SISMEMBER",
    "SLAVEOF",
    "SLOWLOG",
    "SMEMBERS",
    "SORT",
    "SPOP",
    "SREM",
    "SSCAN",
    "STRLEN",
    "SUBSCRIBE",
    "SUNION",
    "SYNC",
    "TIME",
    "TOUCH",
    "TTL",
    "TYPE",
    "UNLINK",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WAIT",
    "WATCH",
    "XACK",
    "XADD",
    "XAUTOCLAIM",
    "XCLAIM",
    "XDEL",
    "XGROUP",
    "XINFO",
    "XLEN",
    "XPENDING",
    "XRANGE",
    "XREAD",
    "XREADGROUP",
    "XREVRANGE",
    "XTRIM",
    "ZADD",
    "ZCARD",
    "ZCOUNT",
    "ZINCRBY",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZRANK",
    "ZREM",
    "ZREVRANGE",
    "ZSCAN",
    "ZSCORE",
];
/// Those among them that also stand alone on a line at the start of a flow; the answer must confirm.
const INLINE: &[&str] = &["AUTH", "CLIENT", "CONFIG", "DBSIZE", "HELLO", "INFO", "PING", "PUBLISH", "SELECT"];
/// Errors that no other protocol answers with.
const ERRORS: &[&str] = &[
    "-DENIED",
    "-LOADING",
    "-MASTERDOWN",
    "-MISCONF",
    "-MOVED",
    "-NOAUTH",
    "-NOPERM",
    "-NOPROTO",
    "-NOSCRIPT",
    "-READONLY",
    "-WRONGPASS",
    "-WRONGTYPE",
];

/// Errors about a request that is none, in words that are the server's own.
const COMPLAINTS: &[&[u8]] = &[
    b"-ERR Protocol error: ",
    b"-ERR unknown command '",
    b"-ERR unknown command `",
    b"-ERR wrong number of arguments for '",
];

/// Whether the bytes start with a complaint; `More` when they may.
fn complaint(bytes: &[u8]) -> Verdict {
    let of = |complaint: &&[u8]| bytes.starts_with(complaint);
    if COMPLAINTS.iter().any(of) {
        Verdict::Yes
    } else if COMPLAINTS.iter().any(|complaint| complaint.starts_with(bytes)) {
        Verdict::More
    } else {
        Verdict::No
    }
}

fn command(word: &[u8]) -> Option<&'static str> {
    COMMANDS.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(word)).copied()
}

/// A number and the rest after its end of line: `Err(true)` when bytes are missing.
fn number(bytes: &[u8]) -> Result<(u64, &[u8]), bool> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = bytes.split_at_checked(digits).unwrap_or_default();
    if digits > NUMBER_MAX
        || (digits == 0 && !bytes.is_empty())
        || !b"\r\n".starts_with(rest.get(..2).unwrap_or(rest))
    {
        return Err(false);
    }
    let rest = rest.strip_prefix(b"\r\n").ok_or(true)?;
    let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
    Ok((number.ok_or(false)?, rest))
}

/// The command's name of a request in its usual form: `*2`, `$4`, `INFO`.
fn request(bytes: &[u8]) -> Result<&'static str, bool> {
    let rest = bytes.strip_prefix(b"*").ok_or(bytes.is_empty())?;
    let (count, rest) = number(rest)?;
    if rest.is_empty() {
        return Err(count > 0);
    }
    let (length, rest) = number(rest.strip_prefix(b"$").ok_or(false)?)?;
    if count == 0 || !(1..=WORD_MAX).contains(&length) {
        return Err(false);
    }
    let length = usize::try_from(length).map_err(|_| false)?;
    let Some((word, end)) = rest.split_at_checked(length) else {
        return Err(rest.iter().all(u8::is_ascii_alphabetic));
    };
    let name = command(word).ok_or(false)?;
    match end.get(..2) {
        Some(b"\r\n") => Ok(name),
        Some(_) => Err(false),
        None => Err(b"\r\n".starts_with(end)),
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    match bytes.first() {
        Some(b'*') => match request(bytes) {
            // In the middle, what a server pushes and what it sends to its copies looks like a request.
            Ok(name) if !probe.from_start && (by_server(probe) || name.ends_with("SUBSCRIBE")) => Verdict::No,
            Ok(_) => Verdict::Yes,
            Err(true) => Verdict::More,
            Err(false) => Verdict::No,
        },
        Some(b'$') => match number(bytes.get(1..).unwrap_or_default()) {
            Ok((_, rest)) if rest.starts_with(INFO_HEAD) => Verdict::Yes,
            Ok((_, rest)) if INFO_HEAD.starts_with(rest) => Verdict::More,
            Err(true) => Verdict::More,
            _ => Verdict::No,
        },
        // Mail servers complain in similar words.
        Some(b'-') if by_server(probe) => complaint(bytes),
        Some(
            b'A' | b'C' | b'D' | b'H' | b'I' | b'P' | b'S' | b'a' | b'c' | b'd' | b'h' | b'i' | b'p' | b's',
        ) if probe.from_start && probe.other.is_empty() => inline(bytes),
        _ => Verdict::No,
    }
}

/// Whether the side that speaks has the server's usual port.
const fn by_server(probe: &Probe<'_>) -> bool {
    let [opener, accepter] = probe.ports;
    match probe.side {
        Side::Opener => opener == PORT && accepter != PORT,
        Side::Accepter => accepter == PORT && opener != PORT,
    }
}

/// A line that starts with a command.
fn inline(bytes: &[u8]) -> Verdict {
    let end = bytes.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(bytes.len());
    let word = bytes.get(..end).unwrap_or_default();
    let is = |name: &&str| name.as_bytes().eq_ignore_ascii_case(word);
    let may_be =
        |name: &&str| name.as_bytes().get(..end).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match bytes.get(end) {
        None if INLINE.iter().any(may_be) => Verdict::More,
        Some(b' ' | b'\r' | b'\n') if INLINE.iter().any(is) => {
            if memchr::memchr(b'\n', bytes).is_some() {
                Verdict::Maybe
            } else {
                Verdict::More
            }
        }
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Redis {
    client: Option<Side>,
    confirmed: bool,
    lanes: [Lines; 2],
    values: u32,
    asks: Asks,
    answers: Answers,
}

/// What the client is saying and has asked for.
#[derive(Default)]
struct Asks {
    /// Parts of the request that are still to come.
    left: u64,
    /// Its command; empty before its first part.
    name: &'static str,
    /// Requests without an answer.
    open: u32,
    /// A login, and how many answers come before its own.
    login: Option<u32>,
    /// HELLO, likewise.
    hello: Option<u32>,
    /// INFO was asked.
    info: bool,
    /// Answers can no longer be matched with requests: the client subscribed or refused answers.
    unmatched: bool,
}

/// What the server is saying.
#[derive(Default)]
struct Answers {
    /// Values of the answer that are still to come.
    left: u64,
    /// Values of something that is no answer: a push, attributes.
    aside: u64,
    /// The answer is HELLO's; the key that its next value belongs to.
    hello: bool,
    key: Key,
    redis: bool,
    version: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Key {
    #[default]
    Other,
    Server,
    Version,
}

impl Dissector for Redis {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if self.client.is_none() {
            self.begin(side, bytes, notes);
        }
        let (line, consumed) = match side.of(&mut self.lanes).next(bytes, LINE_MAX) {
            Ok(line) => line,
            Err(step) => return step,
        };
        self.values = self.values.saturating_add(1);
        // A client that does not speak this protocol teaches nothing.
        let foreign = self.values == 1 && complaint(line) == Verdict::Yes;
        if self.values > VALUES_MAX || foreign {
            return Step::Done;
        }
        let after = bytes.get(consumed..).unwrap_or_default();
        let token = Token { line, head: consumed, after };
        if self.client == Some(side) { self.ask(token, notes) } else { self.answer(side, token, notes) }
    }
}

/// A line, how long it is with its end, and what is at hand after it.
#[derive(Clone, Copy)]
struct Token<'a> {
    line: &'a [u8],
    head: usize,
    after: &'a [u8],
}

impl<'a> Token<'a> {
    /// The number after the kind: `None` for a null, an error when it is none.
    fn count(self) -> Result<Option<u64>, ()> {
        let digits = self.line.get(1..).unwrap_or_default();
        if digits == b"-1" {
            return Ok(None);
        }
        let count = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        count.filter(|count| *count <= COUNT_MAX).map(Some).ok_or(())
    }

    /// Over the line and a value of that length with its end.
    fn over(self, length: u64) -> Step {
        let head = u64::try_from(self.head).unwrap_or(u64::MAX);
        Step::Skip(head.saturating_add(length).saturating_add(2))
    }

    /// The first bytes of the value, or the step that gets them.
    fn value(self, length: u64) -> Result<&'a [u8], Step> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.after.get(..length).ok_or(Step::More(self.head.saturating_add(length)))
    }
}

impl Redis {
    fn begin(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let asks = bytes.first().is_some_and(|b| !b"$+-:_,#!=(%~>|".contains(b));
        let client = if asks { side } else { side.peer() };
        self.client = Some(client);
        // Everything but a line of words was certain before.
        self.confirmed = !bytes.first().is_some_and(u8::is_ascii_alphabetic);
        self.asks.info = bytes.starts_with(b"$");
        notes.requester = Some(client);
    }

    fn ask(&mut self, token: Token<'_>, notes: &mut Notes) -> Step {
        match token.line.first() {
            Some(b'*') if self.asks.left == 0 => match token.count() {
                Ok(count) => {
                    self.asks.left = count.unwrap_or(0);
                    self.asks.name = "";
                    Step::skip(token.head)
                }
                Err(()) => bad(notes),
            },
            Some(b'$') if self.asks.left > 0 => match token.count() {
                Ok(Some(length)) => self.part(token, length),
                _ => bad(notes),
            },
            _ if self.asks.left > 0 => bad(notes),
            None => Step::skip(token.head),
            _ => {
                let (word, rest) = verb(token.line);
                let Some(name) = command(word.as_bytes()) else {
                    return if self.confirmed { Step::skip(token.head) } else { Step::Withdraw };
                };
                self.asks.asked(name);
                for word in rest.split(|b| *b == b' ') {
                    self.asks.argument(name, word);
                }
                Step::skip(token.head)
            }
        }
    }

    /// A part of a request: its command, a word of it, or a value that is stepped over.
    fn part(&mut self, token: Token<'_>, length: u64) -> Step {
        let first = self.asks.name.is_empty();
        if length <= WORD_MAX && (first || matches!(self.asks.name, "HELLO" | "CLIENT")) {
            let word = match token.value(length) {
                Ok(word) => word,
                Err(step) => return step,
            };
            if first {
                // A command that is newer than the list asks all the same.
                let name = command(word).unwrap_or("OTHER");
                self.asks.name = name;
                self.asks.asked(name);
            } else {
                self.asks.argument(self.asks.name, word);
            }
        } else if first {
            self.asks.name = "OTHER";
            self.asks.asked("OTHER");
        }
        self.asks.left = self.asks.left.saturating_sub(1);
        token.over(length)
    }

    fn answer(&mut self, server: Side, token: Token<'_>, notes: &mut Notes) -> Step {
        let Some(kind) = token.line.first().copied().filter(|kind| b"+-:$*_,#!=(%~>|".contains(kind)) else {
            return if self.confirmed { bad(notes) } else { Step::Withdraw };
        };
        let count = if b"$*!=%~>|".contains(&kind) { token.count() } else { Ok(None) };
        let Ok(count) = count else {
            return if self.confirmed { bad(notes) } else { Step::Withdraw };
        };
        if !self.confirmed && !self.confirm(kind, token.line, notes) {
            return Step::Withdraw;
        }
        if matches!(kind, b'$' | b'!' | b'=')
            && let Some(length) = count
        {
            match self.text(server, token, length, notes) {
                Ok(()) => {}
                Err(step) => return step,
            }
        }
        self.structure(server, kind, count.unwrap_or(0), token.line, notes);
        match (kind, count) {
            (b'$' | b'!' | b'=', Some(length)) => token.over(length),
            _ => Step::skip(token.head),
        }
    }

    /// After a line of words: whether the answer may be this protocol's; what is no other's confirms.
    fn confirm(&mut self, kind: u8, line: &[u8], notes: &mut Notes) -> bool {
        let text = String::from_utf8_lossy(line);
        let sure = match kind {
            b'-' => {
                ERRORS.iter().any(|error| text.split(' ').next() == Some(error))
                    || text.starts_with("-ERR unknown command")
                    || text.starts_with("-ERR wrong number of arguments for")
            }
            b'+' => text == "+PONG",
            b'$' | b'*' | b':' | b'%' => {
                line.get(1..).is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit))
            }
            _ => false,
        };
        self.confirmed |= sure;
        notes.confirmed |= sure;
        sure || text == "+OK" || text.starts_with("-ERR ")
    }

    /// Follows answers through their elements, and judges a login when its answer starts.
    fn structure(&mut self, server: Side, kind: u8, count: u64, line: &[u8], notes: &mut Notes) {
        let elements = if matches!(kind, b'%' | b'|') { count.saturating_mul(2) } else { count };
        let holds = matches!(kind, b'*' | b'%' | b'~' | b'>' | b'|');
        if matches!(kind, b'>' | b'|') {
            self.answers.aside = self.answers.aside.saturating_add(elements);
            return;
        }
        let more = if holds { elements } else { 0 };
        if self.answers.aside > 0 {
            self.answers.aside = self.answers.aside.saturating_sub(1).saturating_add(more);
            return;
        }
        if self.answers.left == 0 {
            self.answers.left = 1;
            let ours = |at: &mut Option<u32>| {
                let own = *at == Some(0);
                *at = if own { None } else { at.map(|before| before.saturating_sub(1)) };
                own
            };
            self.asks.open = self.asks.open.saturating_sub(1);
            let hello = ours(&mut self.asks.hello);
            let login = ours(&mut self.asks.login);
            self.answers.hello = hello && holds;
            if login && (line == b"+OK" || (hello && holds)) {
                let fact = Fact::new(Attribute::ClearCredential, "Redis AUTH", 95, "redis.auth");
                notes.speaker(server, [fact]);
            }
        }
        self.answers.left = self.answers.left.saturating_sub(1).saturating_add(more);
        if self.answers.left == 0 && std::mem::take(&mut self.answers.hello) {
            let version = self.answers.version.take().filter(|_| std::mem::take(&mut self.answers.redis));
            if let Some(version) = version {
                said(server, "Redis", &version, "redis.hello", notes);
            }
        }
    }

    /// Values of the answers to INFO and HELLO; all others are left out.
    fn text(&mut self, server: Side, token: Token<'_>, length: u64, notes: &mut Notes) -> Result<(), Step> {
        if self.answers.hello && self.answers.left > 0 && self.answers.aside == 0 && length <= WORD_MAX {
            let word = token.value(length)?;
            let answers = &mut self.answers;
            match std::mem::take(&mut answers.key) {
                Key::Server => answers.redis = word == b"redis",
                Key::Version => answers.version = version(word).map(str::to_owned),
                Key::Other if word == b"server" => answers.key = Key::Server,
                Key::Other if word == b"version" => answers.key = Key::Version,
                Key::Other => {}
            }
        } else if self.asks.info && length > WORD_MAX {
            let value = token.value(length.min(INFO_MAX))?;
            // A verbatim string starts with its format.
            let value = value.strip_prefix(b"txt:").unwrap_or(value);
            if value.starts_with(INFO_HEAD) {
                self.asks.info = false;
                info(server, value, notes);
            }
        }
        Ok(())
    }
}

impl Asks {
    fn asked(&mut self, name: &'static str) {
        match name {
            "AUTH" if !self.unmatched => self.login = Some(self.open),
            "HELLO" if !self.unmatched => self.hello = Some(self.open),
            "INFO" => self.info = true,
            "MONITOR" | "SYNC" | "PSYNC" => self.unmatch(),
            name if name.ends_with("SUBSCRIBE") => self.unmatch(),
            _ => {}
        }
        self.open = self.open.saturating_add(1);
    }

    fn argument(&mut self, name: &str, word: &[u8]) {
        match name {
            "HELLO" if word.eq_ignore_ascii_case(b"AUTH") => self.login = self.hello,
            "CLIENT" if word.eq_ignore_ascii_case(b"REPLY") => self.unmatch(),
            _ => {}
        }
    }

    const fn unmatch(&mut self) {
        self.unmatched = true;
        self.login = None;
        self.hello = None;
    }
}

/// What contradicts the protocol ends the reading: without lengths there is no way on.
const fn bad(notes: &mut Notes) -> Step {
    notes.malformed = true;
    Step::Done
}

/// A version: numbers and dots.
fn version(bytes: &[u8]) -> Option<&str> {
    let fits = |v: &&str| v.contains('.') && v.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text::ascii(bytes).filter(fits)
}

/// The server's version in an answer to INFO. Servers that only imitate Redis say its version beside their own.
fn info(server: Side, value: &[u8], notes: &mut Notes) {
    let lines = || value.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let field = |name: &[u8]| lines().find_map(|line| line.strip_prefix(name)).and_then(version);
    let other = |line: &[u8]| {
        let name = line.split(|b| *b == b':').next().unwrap_or_default();
        (name.ends_with(b"_version") && !matches!(name, b"redis_version" | b"gcc_version"))
            || (name == b"server_name" && line != b"server_name:redis")
    };
    if let Some(version) = field(b"valkey_version:") {
        said(server, "Valkey", version, "redis.info", notes);
    } else if !lines().any(other)
        && let Some(version) = field(b"redis_version:")
    {
        said(server, "Redis", version, "redis.info", notes);
    }
}

fn said(server: Side, name: &str, version: &str, rule: &'static str, notes: &mut Notes) {
    let kind = name.to_ascii_lowercase();
    notes.speaker(
        server,
        [
            Fact::new(Attribute::DatabaseServer, &format!("{kind} {version}"), 95, rule),
            Fact::new(Attribute::Software, name, 90, rule).map(|fact| fact.with_version(version)),
        ],
    );
}
