// SPDX-License-Identifier: GPL-3.0-or-later
//! Host names to addresses, off the thread that moves packets.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use mio::Waker;
use parking_lot::Mutex;

/// Lookups at the same time: one name that nobody answers for must not hold up the others.
const THREADS: usize = 4;
/// Addresses of one name that are used.
const MAX_ADDRESSES: usize = 8;

/// How host names are looked up.
pub trait Resolve: Send + Sync + core::fmt::Debug {
    /// The addresses of a name, best first. May take its time: it is called on a thread of its own.
    ///
    /// # Errors
    /// The name is not known, or nobody could be asked.
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs()?.collect())
    }
}

/// What came of a lookup. `K` says which one it was.
#[derive(Debug)]
pub(crate) struct Answer<K> {
    pub(crate) key: K,
    /// At least one address, or why there is none.
    pub(crate) result: Result<Vec<SocketAddr>, String>,
}

/// The lookups of one object. Its threads live as long as there is something to look up, and
/// forget what they found if the object is gone.
#[derive(Debug)]
pub(crate) struct Resolver<K> {
    shared: Arc<Shared<K>>,
}

#[derive(Debug)]
struct Shared<K> {
    resolve: Arc<dyn Resolve>,
    waker: Arc<Waker>,
    queue: Mutex<Queue<K>>,
}

#[derive(Debug)]
struct Queue<K> {
    jobs: VecDeque<(K, String, u16)>,
    answers: Vec<Answer<K>>,
    threads: usize,
}

impl<K: Send + core::fmt::Debug + 'static> Resolver<K> {
    pub(crate) fn new(resolve: Arc<dyn Resolve>, waker: Arc<Waker>) -> Self {
        let queue = Queue { jobs: VecDeque::new(), answers: Vec::new(), threads: 0 };
        Self { shared: Arc::new(Shared { resolve, waker, queue: Mutex::new(queue) }) }
    }

    /// Begins a lookup. The waker is woken when there is an answer, which always comes.
    pub(crate) fn look_up(&self, key: K, host: &str, port: u16) {
        let mut queue = self.shared.queue.lock();
        queue.jobs.push_back((key, host.to_owned(), port));
        if queue.threads == THREADS {
            return;
        }
        queue.threads += 1;
        let shared = Arc::clone(&self.shared);
        let body = move || shared.work();
        if thread::Builder::new().name("toxlink-names".to_owned()).spawn(body).is_err() {
            queue.threads -= 1;
            if queue.threads == 0 {
                let failed = core::mem::take(&mut queue.jobs).into_iter().map(|(key, ..)| Answer {
                    key,
                    result: Err("the system has no thread left".to_owned()),
                });
                queue.answers.extend(failed);
                let _ = self.shared.waker.wake();
            }
        }
    }

    /// The answers that have come since the last call.
    pub(crate) fn take_answers(&self) -> Vec<Answer<K>> {
        core::mem::take(&mut self.shared.queue.lock().answers)
    }
}

impl<K> Drop for Resolver<K> {
    fn drop(&mut self) {
        self.shared.queue.lock().jobs.clear();
    }
}

impl<K> Shared<K> {
    fn work(&self) {
        loop {
            let job = {
                let mut queue = self.queue.lock();
                let job = queue.jobs.pop_front();
                queue.threads -= usize::from(job.is_none());
                job
            };
            let Some((key, host, port)) = job else { return };
            // A foreign resolver that panics must not leave the lookup without an answer.
            let resolve = AssertUnwindSafe(|| self.resolve.resolve(&host, port));
            let result = match catch_unwind(resolve) {
                Ok(Ok(addresses)) if addresses.is_empty() => Err("it has no address".to_owned()),
                Ok(Ok(mut addresses)) => {
                    addresses.truncate(MAX_ADDRESSES);
                    Ok(addresses)
                }
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the resolver has panicked".to_owned()),
            };
            self.queue.lock().answers.push(Answer { key, result });
            // If this fails, the answer is found at the next turn.
            let _ = self.waker.wake();
        }
    }
}
