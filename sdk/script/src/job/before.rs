use monkeyci_model::JobId;

use super::Job;
use crate::plan::Plan;

/// Jobs that another one can wait for: one, none, or several.
pub trait Before {
    /// Their ids.
    fn ids(&self) -> Vec<JobId>;
}

impl Before for Job {
    fn ids(&self) -> Vec<JobId> {
        vec![self.model.id.clone()]
    }
}

impl Before for Plan {
    fn ids(&self) -> Vec<JobId> {
        self.jobs().ids()
    }
}

impl<B: Before> Before for Option<B> {
    fn ids(&self) -> Vec<JobId> {
        self.iter().flat_map(Before::ids).collect()
    }
}

impl<B: Before> Before for [B] {
    fn ids(&self) -> Vec<JobId> {
        self.iter().flat_map(Before::ids).collect()
    }
}

impl<B: Before, const N: usize> Before for [B; N] {
    fn ids(&self) -> Vec<JobId> {
        self.as_slice().ids()
    }
}

impl<B: Before> Before for Vec<B> {
    fn ids(&self) -> Vec<JobId> {
        self.as_slice().ids()
    }
}

impl<B: Before + ?Sized> Before for &B {
    fn ids(&self) -> Vec<JobId> {
        (**self).ids()
    }
}
