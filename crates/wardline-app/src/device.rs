//! Sites and devices, as callers may see and place them.

use crate::App;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::AppError;
use wardline_authority::Action;
use wardline_store::{
    DepartmentId, DeviceFilter, DeviceOrder, DeviceRecord, EvidenceRow, LifeCycle, Page, Rows, Site, SiteId,
};

impl App {
    /// A page of devices that the caller may see.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may see none.
    pub async fn device_list(
        &self,
        caller: &Caller,
        filter: &DeviceFilter,
        order: DeviceOrder,
        page: &Page,
    ) -> Result<(Rows<DeviceRecord>, i64), AppError> {
        self.authorise(caller, Action::DeviceRead, "").await?;
        let mut tx = self.store().read().await?;
        let rows = tx.device_list(&caller.scope, filter, order, page).await?;
        let count = tx.device_count(&caller.scope, filter).await?;
        tx.end().await?;
        Ok((rows, count))
    }

    /// A device with its evidence.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when it is not there, or not for this caller.
    pub async fn device_find(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<(DeviceRecord, Vec<EvidenceRow>), AppError> {
        self.authorise(caller, Action::DeviceRead, id).await?;
        let mut tx = self.store().read().await?;
        let device = tx.device_find(&caller.scope, id).await?.ok_or(AppError::Hidden)?;
        let evidence = tx.evidence_list(id).await?;
        tx.end().await?;
        Ok((device, evidence))
    }

    /// Says where a device is in its life and whose it is.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when it is not there, or not for this caller.
    pub async fn device_place(
        &self,
        caller: &Caller,
        id: &str,
        life_cycle: LifeCycle,
        department: Option<DepartmentId>,
    ) -> Result<(), AppError> {
        self.authorise(caller, Action::DevicePlace, id).await?;
        let mut tx = self.store().write().await?;
        if let Some(department) = department {
            let known = tx.department_list(&caller.scope).await?;
            if !known.iter().any(|one| one.id == department) {
                return Err(AppError::Hidden);
            }
        }
        if !tx.device_place(&caller.scope, id, life_cycle, department).await? {
            return Err(AppError::Hidden);
        }
        let event = Event::by(caller, Action::DevicePlace).object(id).detail(life_cycle.as_str());
        self.audit(&mut tx, event).await?;
        self.tell(&mut tx, "device.placed", id).await?;
        Ok(tx.commit().await?)
    }

    /// Sites that the caller may see.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may see none.
    pub async fn site_list(&self, caller: &Caller) -> Result<Vec<Site>, AppError> {
        self.authorise(caller, Action::SiteRead, "").await?;
        let mut tx = self.store().read().await?;
        let sites = tx.site_list(&caller.scope).await?;
        tx.end().await?;
        Ok(sites)
    }

    /// The site of that name, entered when it is not there.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not enter one.
    pub async fn site_ensure(&self, caller: &Caller, name: &str) -> Result<SiteId, AppError> {
        self.authorise(caller, Action::SiteWrite, name).await?;
        let mut tx = self.store().write().await?;
        if let Some(site) = tx.site_list(&caller.scope).await?.into_iter().find(|site| site.name == name) {
            return Ok(site.id);
        }
        let site = Site { id: SiteId(self.new_id()), name: name.to_owned(), created_us: self.now() };
        tx.site_insert(&site).await?;
        self.audit(&mut tx, Event::by(caller, Action::SiteWrite).object(name)).await?;
        tx.commit().await?;
        Ok(site.id)
    }
}
