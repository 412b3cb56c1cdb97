//! Sites and their departments: where devices stand, and whose they are.

use crate::scope::{Condition, Reach, Scope};
use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::{Row, StoreError};

/// A site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub i64);

/// A department of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DepartmentId(pub i64);

/// A hospital, a laboratory, a practice: a place with networks of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name, once each.
    pub name: String,
    /// When it was entered.
    pub created_us: i64,
}

/// A department of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// Its id.
    pub id: DepartmentId,
    /// The site.
    pub site: SiteId,
    /// Its name, once in the site.
    pub name: String,
    /// When it was entered.
    pub created_us: i64,
}

/// Most sites and departments that a list gives: a hospital group has some hundreds.
const PLACES_MAX: i64 = 10_000;

impl Tx {
    /// Sites within the scope, by name.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn site_list(&mut self, scope: &Scope) -> Result<Vec<Site>, StoreError> {
        let mut condition = Condition::new();
        if let Reach::Only(sites) = &scope.sites {
            condition.and_in("id", sites.iter().map(|id| Value::from(id.0)));
        }
        let sql = format!(
            "SELECT id, name, created_us FROM site WHERE {} ORDER BY name LIMIT {PLACES_MAX}",
            condition.text
        );
        self.all("list sites", &sql, &condition.values, read_site).await
    }

    /// Departments within the scope, by name.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn department_list(&mut self, scope: &Scope) -> Result<Vec<Department>, StoreError> {
        let mut condition = Condition::new();
        if let Reach::Only(sites) = &scope.sites {
            condition.and_in("site_id", sites.iter().map(|id| Value::from(id.0)));
        }
        if let Reach::Only(departments) = &scope.departments {
            condition.and_in("id", departments.iter().map(|id| Value::from(id.0)));
        }
        let sql = format!(
            "SELECT id, site_id, name, created_us FROM department WHERE {} ORDER BY name, id LIMIT {PLACES_MAX}",
            condition.text
        );
        self.all("list departments", &sql, &condition.values, read_department).await
    }
}

impl WriteTx {
    /// Enters a site.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when there is one of that name.
    pub async fn site_insert(&mut self, site: &Site) -> Result<(), StoreError> {
        let sql = "INSERT INTO site (id, name, created_us) VALUES ($1, $2, $3)";
        let values = [site.id.0.into(), Value::from(&site.name), site.created_us.into()];
        self.change("enter a site", sql, &values).await.map(drop)
    }

    /// Enters a department.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the site has one of that name.
    pub async fn department_insert(&mut self, department: &Department) -> Result<(), StoreError> {
        let sql = "INSERT INTO department (id, site_id, name, created_us) VALUES ($1, $2, $3, $4)";
        let values = [
            department.id.0.into(),
            department.site.0.into(),
            Value::from(&department.name),
            department.created_us.into(),
        ];
        self.change("enter a department", sql, &values).await.map(drop)
    }
}

fn read_site(row: &mut Row) -> Result<Site, StoreError> {
    Ok(Site { id: SiteId(row.int()?), name: row.text()?, created_us: row.int()? })
}

fn read_department(row: &mut Row) -> Result<Department, StoreError> {
    Ok(Department {
        id: DepartmentId(row.int()?),
        site: SiteId(row.int()?),
        name: row.text()?,
        created_us: row.int()?,
    })
}
