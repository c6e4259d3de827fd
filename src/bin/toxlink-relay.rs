// SPDX-License-Identifier: GPL-3.0-or-later
//! `toxlink-relay`: a relay for the command line.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use toxlink::crypto::SecretKey;
use toxlink::net::random_secret_key;
use toxlink::net::relay::{Config, Relay};

const USAGE: &str = "\
usage: toxlink-relay [--listen ADDRESS]... [--key-file FILE] [--max-clients N] [--verbose]

A TCP relay for Tox clients: it passes packets between clients that have asked for each other. It
knows neither the onion nor the DHT, so it is for tests, examples and small networks, not for the
public one.

  --listen ADDRESS   IP address and port, for instance 127.0.0.1:3389 or [::]:443; port 0 takes any
                     that is free (default: 127.0.0.1:0; may be given more than once)
  --key-file FILE    the secret key, in hex; made if there is no such file, readable by its owner
                     alone (default: a new key each time)
  --max-clients N    clients at the same time (default: 4096)
  --verbose          tell who leaves, and why

Two kinds of lines on the standard output say how it is reached, each value after a blank:
  public-key HEX
  listening ADDRESS
";

struct Options {
    listen: Vec<SocketAddr>,
    key_file: Option<PathBuf>,
    max_clients: Option<u32>,
    is_verbose: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("toxlink-relay: {error} (see --help)");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("toxlink-relay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options =
        Options { listen: Vec::new(), key_file: None, max_clients: None, is_verbose: false };
    while let Some(argument) = arguments.next() {
        // A value may stand behind an equals sign or come next.
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || {
            joined
                .clone()
                .or_else(|| arguments.next())
                .ok_or_else(|| format!("{name} needs a value"))
        };
        match name {
            "--help" | "-h" => return Ok(None),
            "--verbose" => options.is_verbose = true,
            "--listen" => {
                let text = value()?;
                let address =
                    text.parse().map_err(|_| format!("{text} is no address with a port"))?;
                options.listen.push(address);
            }
            "--key-file" => options.key_file = Some(value()?.into()),
            "--max-clients" => {
                let text = value()?;
                let number = text.parse().map_err(|_| format!("{text} is no number of clients"))?;
                options.max_clients = Some(number);
            }
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    if options.listen.is_empty() {
        options.listen.push(SocketAddr::from(([127, 0, 0, 1], 0)));
    }
    Ok(Some(options))
}

fn run(options: Options) -> io::Result<core::convert::Infallible> {
    let secret_key = match &options.key_file {
        Some(file) => key_of(file)?,
        None => random_secret_key()?,
    };
    let mut config = Config::new(options.listen, secret_key);
    if let Some(clients) = options.max_clients {
        config.limits.clients = clients;
    }
    let relay = Relay::bind(&config)?;
    let mut out = io::stdout().lock();
    writeln!(out, "public-key {}", relay.public_key().to_hex())?;
    for address in relay.addresses() {
        writeln!(out, "listening {address}")?;
    }
    out.flush()?;
    loop {
        let turned = relay.turn(None, &mut |note| {
            if options.is_verbose {
                // The relay goes on if nobody reads this.
                let _ = writeln!(io::stderr(), "{note}");
            }
        });
        turned.map_err(io::Error::other)?;
    }
}

/// The key in the file, which is made if it is not there.
fn key_of(file: &Path) -> io::Result<SecretKey> {
    let at =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    match fs::read_to_string(file) {
        Ok(text) => SecretKey::from_hex(text.trim()).ok_or_else(|| {
            at(io::Error::new(ErrorKind::InvalidData, "not a secret key of 64 hexadecimal digits"))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = random_secret_key()?;
            let mut options = fs::OpenOptions::new();
            let mut out =
                options.write(true).create_new(true).mode(0o600).open(file).map_err(at)?;
            writeln!(out, "{}", key.to_hex()).map_err(at)?;
            Ok(key)
        }
        Err(error) => Err(at(error)),
    }
}
