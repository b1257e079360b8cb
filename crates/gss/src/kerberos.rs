//! Tokens for people, for a world that may not block: a ticket that is still good costs no question; where one
//! is fetched, it is fetched once, on a thread of the pool, and nobody waits for a silent domain controller for
//! longer than two seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::timeout;

use crate::bindings::ChannelBinding;
use crate::breaker::{Breaker, Outcome};
use crate::clock::{self, Clocks};
use crate::error::{TokenError, Unavailable};
use crate::gateway::{Gateway, Impersonated, STEP, Token};
use crate::pool::{Pool, timed_out};
use crate::principal::Principal;
use crate::tickets::{Tickets, Wanted};

/// How long whoever wants a token waits for an answer at most.
const PATIENCE: Duration = Duration::from_millis(1900);
/// How long they wait for a turn at most, while others are answered: a domain controller answers some hundred
/// questions a second, and a morning brings thousands of people at once.
const LONGEST_QUEUE: Duration = Duration::from_secs(8);
/// How often whoever waits for a turn looks whether others are answered.
const NEXT_LOOK: Duration = Duration::from_millis(100);

/// The gate's account, with tickets for many people.
pub struct Kerberos {
    shared: Arc<Shared>,
    pool: Pool,
    /// Who is being asked about: others who want the same wait.
    under_way: Mutex<HashMap<Wanted, Weak<tokio::sync::Mutex<()>>>>,
}

struct Shared {
    gateway: Gateway,
    breaker: Breaker,
    /// A credential belongs to one thread at a time.
    tickets: Tickets<Mutex<Impersonated>>,
    /// The clocks when tickets were begun to be kept.
    clocks: Mutex<Clocks>,
}

impl std::fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kerberos({:?})", self.shared.gateway)
    }
}

impl Kerberos {
    /// Around a gateway.
    #[must_use]
    pub fn new(gateway: Gateway) -> Self {
        Self {
            shared: Arc::new(Shared {
                gateway,
                breaker: Breaker::default(),
                tickets: Tickets::new(),
                clocks: Mutex::new(Clocks::read()),
            }),
            pool: Pool::new(),
            under_way: Mutex::default(),
        }
    }

    /// One fresh token, bound to a TLS connection where a binding is given.
    ///
    /// # Errors
    ///
    /// The person may not; our own world is broken, or too slow; or the token is not theirs, and then nobody
    /// gets it.
    pub async fn token(
        &self,
        wanted: &Wanted,
        binding: Option<&ChannelBinding>,
    ) -> Result<Token, TokenError> {
        if let Some(token) = self.shared.at_hand(wanted, binding) {
            return token;
        }
        let fetched = self.fetched_in_time(wanted, binding).await;
        if let Err(TokenError::Unavailable(Unavailable::TimedOut { .. })) = fetched {
            self.shared.breaker.tell(Outcome::Late, clock::now());
        }
        fetched
    }

    /// Signs in with the keytab, where the gate is not signed in.
    ///
    /// # Errors
    ///
    /// Our own world is broken, or too slow.
    pub async fn sign_in(&self) -> Result<(), Unavailable> {
        let shared = Arc::clone(&self.shared);
        let work = move || shared.gateway.sign_in_now();
        self.pool.run(PATIENCE, work).await?
    }

    /// Drops a user's tickets, at once; what is under way for them will not be kept.
    pub fn forget(&self, user: &Principal) {
        self.shared.tickets.forget(user);
    }

    /// Drops everybody's.
    pub fn forget_all(&self) {
        self.shared.tickets.forget_all();
    }

    /// How many tickets are at hand.
    #[must_use]
    pub fn tickets(&self) -> usize {
        self.shared.tickets.count()
    }

    /// Waits for a token: as long as somebody who answers may take, and while others are answered, for a turn.
    async fn fetched_in_time(
        &self,
        wanted: &Wanted,
        binding: Option<&ChannelBinding>,
    ) -> Result<Token, TokenError> {
        let ends = clock::now() + LONGEST_QUEUE;
        let mut fetching = std::pin::pin!(self.fetched(wanted, binding));
        let mut patience = PATIENCE;
        loop {
            if let Ok(fetched) = timeout(patience, &mut fetching).await {
                return fetched;
            }
            let now = clock::now();
            if now >= ends {
                return Err(timed_out(LONGEST_QUEUE).into());
            }
            if !self.shared.breaker.is_answering(now) {
                return Err(timed_out(PATIENCE).into());
            }
            patience = NEXT_LOOK;
        }
    }

    async fn fetched(
        &self,
        wanted: &Wanted,
        binding: Option<&ChannelBinding>,
    ) -> Result<Token, TokenError> {
        let turn = self.turn(wanted);
        let _mine = turn.lock().await;
        if let Some(token) = self.shared.at_hand(wanted, binding) {
            return token;
        }
        self.shared.breaker.ask(clock::now())?;
        let (shared, wanted, binding) =
            (Arc::clone(&self.shared), wanted.clone(), binding.cloned());
        let work = move || shared.fetch(wanted, binding.as_ref());
        self.pool.run_in_turn(PATIENCE, work).await?
    }

    /// One lock for all who want the same.
    fn turn(&self, wanted: &Wanted) -> Arc<tokio::sync::Mutex<()>> {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = under_way.get(wanted).and_then(Weak::upgrade) {
            return turn;
        }
        under_way.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        under_way.insert(wanted.clone(), Arc::downgrade(&turn));
        turn
    }
}

impl Shared {
    /// From a ticket that is still good: no question, a tenth of a millisecond (dev profile).
    fn at_hand(
        &self,
        wanted: &Wanted,
        binding: Option<&ChannelBinding>,
    ) -> Option<Result<Token, TokenError>> {
        self.mind_the_clock();
        let ticket = self.tickets.find(wanted, clock::now())?;
        let ticket = ticket.lock().unwrap_or_else(PoisonError::into_inner);
        Some(ticket.token(&wanted.user, &wanted.target, binding))
    }

    /// Drops all tickets where the clock was set: tokens made of them would tell a time that back ends do not take.
    fn mind_the_clock(&self) {
        let now = Clocks::read();
        let mut since = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if now.stepped_since(&since) > STEP {
            *since = now;
            self.tickets.forget_all();
        }
    }

    /// From a domain controller. Whoever asked may have gone meanwhile: the next one finds the ticket.
    fn fetch(&self, wanted: Wanted, binding: Option<&ChannelBinding>) -> Result<Token, TokenError> {
        let since = self.tickets.epoch();
        let fetched = self.gateway.impersonate(&wanted.user, wanted.sid.as_ref());
        let fetched = fetched.and_then(|it| {
            let token = it.token(&wanted.user, &wanted.target, binding)?;
            Ok((token, it))
        });
        let outcome = match &fetched {
            Err(TokenError::Unavailable(Unavailable::KdcUnreachable(_))) => Outcome::Silence,
            _ => Outcome::Answered,
        };
        let now = clock::now();
        self.breaker.tell(outcome, now);
        let (token, ticket) = fetched?;
        let ends = token.ticket_ends;
        let ticket = Arc::new(Mutex::new(ticket));
        self.tickets.keep(wanted, ticket, ends, since, now);
        Ok(token)
    }
}
