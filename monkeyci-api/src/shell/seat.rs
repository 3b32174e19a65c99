use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

use crate::problem::{Answer, Refusal};

/// How many shells may be open, and who has how many. Its clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Seats {
    most: usize,
    each: usize,
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// The place of one shell; it is free once this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Seats,
    person: String,
}

impl Seats {
    /// All are free.
    pub(super) fn new(most: usize, each: usize) -> Self {
        Self { most, each, taken: Arc::default() }
    }

    /// Takes the place of one more.
    ///
    /// # Errors
    /// When as many are open as there may be, of this person or at all.
    pub(super) fn take(&self, person: &str) -> Answer<Seat> {
        let mut taken = self.taken();
        if taken.values().sum::<usize>() >= self.most {
            let detail = "as many shells are open as this server may have; try again soon";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        }
        let theirs = taken.get(person).copied().unwrap_or_default();
        if theirs >= self.each {
            let detail = format!("you have {theirs} open, and nobody may have more shells here; end one of them first");
            return Err(Refusal::conflict(detail));
        }
        taken.insert(person.to_owned(), theirs + 1);
        Ok(Seat { seats: self.clone(), person: person.to_owned() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        match taken.get_mut(&self.person) {
            Some(theirs) if *theirs > 1 => *theirs -= 1,
            _ => drop(taken.remove(&self.person)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_their_share_and_all_together_no_more_than_there_are() {
        let seats = Seats::new(3, 2);
        let told = |taken: Answer<Seat>| taken.expect_err("it is full").to_string();
        let (first, _second) = (seats.take("ann").expect("free"), seats.take("ann").expect("free"));
        assert!(told(seats.take("ann")).contains("you have 2 open"));
        let _third = seats.take("ben").expect("free");
        assert!(told(seats.take("ben")).contains("as many shells are open"));
        drop(first);
        seats.take("ann").expect("free again");
    }
}
