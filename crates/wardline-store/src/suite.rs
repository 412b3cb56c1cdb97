//! One behavioural suite, run on both databases.
//!
//! Each case is a function that gets an empty store. `suite!` makes of it one test on a SQLite file and one on a
//! database of a PostgreSQL server that the test process starts for itself; where no server can be started that one
//! says `SKIPPED`.

mod account;
mod archive;
mod conversation;
mod device;
mod door;
mod knowledge;
mod retention;
mod schema;
mod suppression;

use crate::Store;
use std::future::Future;

/// Runs a case on an empty SQLite file.
pub(crate) fn on_sqlite<F: Future<Output = ()>>(case: fn(Store) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("wardline.db").display());
    run(&address, case);
}

/// Runs a case on an empty PostgreSQL database.
pub(crate) fn on_postgres<F: Future<Output = ()>>(case: fn(Store) -> F) {
    match testkit::postgres::database() {
        Ok(address) => run(&address, case),
        Err(why) => println!("SKIPPED: PostgreSQL is not here: {}", why.lines().next().unwrap_or_default()),
    }
}

fn run<F: Future<Output = ()>>(address: &str, case: fn(Store) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(address).await.unwrap();
        case(store.clone()).await;
        store.close().await;
    });
}

macro_rules! suite {
    ($($module:ident: $($case:ident)+;)+) => {
        mod sqlite {
            $(mod $module { $(#[test] fn $case() { crate::suite::on_sqlite(crate::suite::$module::$case); })+ })+
        }
        mod postgres {
            $(mod $module { $(#[test] fn $case() { crate::suite::on_postgres(crate::suite::$module::$case); })+ })+
        }
    };
}

suite! {
    account: what_is_used_once_works_once a_session_is_ended_by_its_owner_only a_lease_has_one_owner_until_it_ends
        the_audit_is_sequenced_once;
    archive: everything_comes_back_in_either_database a_damaged_archive_leaves_nothing
        an_archive_of_an_older_step_is_brought_up_to_date what_is_written_meanwhile_is_not_in_it;
    conversation: a_batch_counts_once edges_add_up evidence_stands_as_told;
    device: an_upsert_keeps_what_people_decided pages_join_without_gap_or_double search_finds_words_anywhere
        a_scope_hides_from_lists_counts_and_finds a_name_is_there_once what_is_not_committed_is_not_there
        a_reader_cannot_write hostile_text_is_only_text thousands_at_once;
    door: a_passkey_counts_forward_and_is_removed_by_its_owner a_credential_is_one_persons
        what_was_asked_is_answered_once_and_in_time a_rule_of_a_role_is_set_anew;
    knowledge: a_record_is_replaced_with_its_products a_file_is_known_until_another_changes_it a_source_keeps_its_newest_date
        a_persons_word_is_kept an_import_that_fails_leaves_what_was a_source_and_its_files_are_remembered;
    retention: what_is_past_its_time_goes_and_nothing_else;
    schema: tables_are_as_listed every_step_keeps_the_data a_newer_schema_is_refused;
    suppression: a_statement_outlives_feeds a_statement_ends_once_and_stays;
}
