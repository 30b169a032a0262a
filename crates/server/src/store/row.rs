//! Rows as the store's statements give them: one declaration for both engines.

use rusqlite::Row;
use rusqlite::types::FromSql;

/// A struct whose fields are columns of the same names; `..field: Other` at the end takes the columns of others.
macro_rules! row {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$of:meta])* $seen:vis $field:ident: $type:ty,)*
            $(..$rest:ident: $other:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(sqlx::FromRow)]
        $visibility struct $name {
            $($(#[$of])* $seen $field: $type,)*
            $(#[sqlx(flatten)] $rest: $other,)*
        }

        impl $crate::store::row::FromCells for $name {
            fn columns(names: &mut Vec<&'static str>) {
                names.extend([$(stringify!($field)),*]);
                $(<$other as $crate::store::row::FromCells>::columns(names);)*
            }

            fn from_cells(cells: &mut $crate::store::row::Cells<'_, '_>) -> rusqlite::Result<Self> {
                Ok(Self {
                    $($field: cells.next()?,)*
                    $($rest: <$other as $crate::store::row::FromCells>::from_cells(cells)?,)*
                })
            }
        }
    };
}
pub(super) use row;

/// What can be read from a row of SQLite.
pub(super) trait FromCells: Sized {
    /// The names of the columns, in the order in which they are read; none when their order is the answer's.
    fn columns(names: &mut Vec<&'static str>);

    fn from_cells(cells: &mut Cells<'_, '_>) -> rusqlite::Result<Self>;
}

/// The cells of a row, in the order in which they are read.
pub(super) struct Cells<'row, 'statement> {
    row: &'row Row<'statement>,
    places: std::slice::Iter<'row, usize>,
}

impl<'row, 'statement> Cells<'row, 'statement> {
    pub(super) fn new(row: &'row Row<'statement>, places: &'row [usize]) -> Self {
        Self { row, places: places.iter() }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let place = self.places.next().ok_or(rusqlite::Error::InvalidColumnIndex(0))?;
        self.row.get(*place)
    }
}

macro_rules! tuples {
    ($(($($type:ident)+))+) => {
        $(impl<$($type: FromSql),+> FromCells for ($($type,)+) {
            fn columns(_: &mut Vec<&'static str>) {}

            fn from_cells(cells: &mut Cells<'_, '_>) -> rusqlite::Result<Self> {
                Ok(($(cells.next::<$type>()?,)+))
            }
        })+
    };
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
}
