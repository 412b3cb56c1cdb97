//! Lines: many items rendered one by one, by as many threads as asked for, written in their order.
//!
//! In: items in order. Out: a line of JSON each. The thread that reads the items hands them out in chunks and
//! writes what comes back in the order in which it handed them out: the bytes are the same with any number of
//! threads, and no more than a few chunks wait at a time.

use super::text::Text;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Scope, scope};

/// Items of a chunk: a line is a few hundred bytes, a device's sometimes many thousand.
const CHUNK: usize = 128;
/// Chunks under way to each thread: one in work, one waiting.
const AHEAD: usize = 2;
/// Bytes collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

/// How lines are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Items of a JSON array: every line is begun, and but for the first after a comma.
    Array,
    /// One object a line, every line ended.
    Lines,
}

/// Writes all items.
///
/// # Errors
/// When an item cannot be read or its line not be written.
pub(crate) fn write<T: Send>(
    items: impl Iterator<Item = io::Result<T>>,
    threads: usize,
    layout: Layout,
    render: impl Fn(&mut Text, &T) + Sync,
    out: &mut impl Write,
) -> io::Result<()> {
    let line = |text: &mut Text, item: &T| match layout {
        Layout::Array => render(text.plain(",\n"), item),
        Layout::Lines => {
            render(text, item);
            text.plain("\n");
        }
    };
    let mut out = Joined { out, skip: usize::from(layout == Layout::Array) };
    if threads > 1 { together(items, threads, &line, &mut out) } else { alone(items, &line, &mut out) }
}

/// The output, without the comma before the first item.
struct Joined<'a, W> {
    out: &'a mut W,
    skip: usize,
}

impl<W: Write> Joined<'_, W> {
    fn write(&mut self, text: &Text) -> io::Result<()> {
        let bytes = text.bytes();
        let skip = std::mem::take(&mut self.skip).min(bytes.len());
        self.out.write_all(&bytes[skip..])
    }
}

fn alone<T, W: Write>(
    items: impl Iterator<Item = io::Result<T>>,
    line: &impl Fn(&mut Text, &T),
    out: &mut Joined<'_, W>,
) -> io::Result<()> {
    let mut text = Text::default();
    for item in items {
        line(&mut text, &item?);
        if text.bytes().len() >= WRITE_BYTES {
            out.write(&text)?;
            text.clear();
        }
    }
    if text.bytes().is_empty() { Ok(()) } else { out.write(&text) }
}

/// A thread that renders: chunks go in, text comes out in the same order.
struct Hand<T> {
    give: Sender<Vec<T>>,
    take: Receiver<Text>,
}

impl<T: Send> Hand<T> {
    fn start<'s>(scope: &'s Scope<'s, '_>, line: &'s (impl Fn(&mut Text, &T) + Sync)) -> Self
    where
        T: 's,
    {
        let (give, chunks) = channel::<Vec<T>>();
        let (back, take) = channel();
        scope.spawn(move || {
            for chunk in chunks {
                let mut text = Text::default();
                chunk.iter().for_each(|item| line(&mut text, item));
                if back.send(text).is_err() {
                    break;
                }
            }
        });
        Self { give, take }
    }
}

fn together<T: Send, W: Write>(
    mut items: impl Iterator<Item = io::Result<T>>,
    threads: usize,
    line: &(impl Fn(&mut Text, &T) + Sync),
    out: &mut Joined<'_, W>,
) -> io::Result<()> {
    let failed = || io::Error::other("a thread that writes the results failed");
    scope(|scope| {
        let hands: Vec<Hand<T>> = (0..threads).map(|_| Hand::start(scope, line)).collect();
        let (mut given, mut taken) = (0, 0);
        loop {
            let chunk = items.by_ref().take(CHUNK).collect::<io::Result<Vec<T>>>()?;
            let is_last = chunk.is_empty();
            if !is_last {
                hands[given % threads].give.send(chunk).map_err(|_| failed())?;
                given += 1;
            }
            while taken < given && (is_last || given - taken >= threads * AHEAD) {
                out.write(&hands[taken % threads].take.recv().map_err(|_| failed())?)?;
                taken += 1;
            }
            if is_last {
                return Ok(());
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(count: u64, threads: usize, layout: Layout) -> String {
        let mut out = Vec::new();
        let items = (0..count).map(Ok);
        write(items, threads, layout, |text, item| text.number(*item), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn any_number_of_threads_writes_the_same() {
        for count in [0, 1, 2, 127, 128, 129, 5_000] {
            for layout in [Layout::Array, Layout::Lines] {
                let alone = written(count, 1, layout);
                assert_eq!(alone.matches('\n').count(), usize::try_from(count).unwrap());
                for threads in [2, 3, 8] {
                    assert!(written(count, threads, layout) == alone, "{count} items, {threads} threads");
                }
            }
        }
        assert_eq!(written(2, 1, Layout::Array), "\n0,\n1");
        assert_eq!(written(2, 1, Layout::Lines), "0\n1\n");
    }

    #[test]
    fn what_cannot_be_read_ends_it() {
        for threads in [1, 4] {
            let items = (0..1_000).map(|n| if n == 700 { Err(io::Error::other("gone")) } else { Ok(n) });
            let done = write(items, threads, Layout::Lines, |text, item| text.number(*item), &mut Vec::new());
            assert_eq!(done.unwrap_err().to_string(), "gone");
        }
    }
}
