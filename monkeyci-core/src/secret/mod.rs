//! Values that must not be seen, and how they are kept from sight.
