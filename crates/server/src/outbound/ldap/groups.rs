//! The groups of people, nested ones too. A controller tells them of one entry at a time ([MS-ADTS] 3.1.1.4.5.19), so
//! that several entries are asked for at once: a controller far away would take all the time there is.

use std::collections::BTreeMap;

use ldap3::Scope;
use tokio::task::JoinSet;

use super::entry::sid;
use super::filter::Filter;
use super::session::{Line, Search, SessionError};

/// How many are asked for at a time; a controller works on so many of one connection.
const AT_A_TIME: usize = 8;

/// The SIDs of each entry's groups; `None` where they cannot be seen, as everybody has one at least.
///
/// # Errors
///
/// Any of them could not be asked for.
pub(super) async fn read(
    line: &Line,
    dns: Vec<String>,
) -> Result<BTreeMap<String, Option<Vec<String>>>, SessionError> {
    let mut read = BTreeMap::new();
    let mut waiting = dns.into_iter();
    let mut asked = JoinSet::new();
    loop {
        let room = AT_A_TIME.saturating_sub(asked.len());
        for dn in waiting.by_ref().take(room) {
            asked.spawn(of(line.clone(), dn));
        }
        let Some(answered) = asked.join_next().await else {
            return Ok(read);
        };
        let answered = answered.map_err(|error| SessionError::Other(error.to_string()))?;
        let (dn, groups) = answered?;
        read.insert(dn, groups);
    }
}

async fn of(line: Line, dn: String) -> Result<(String, Option<Vec<String>>), SessionError> {
    let found = line.search(Search {
        base: &dn,
        scope: Scope::Base,
        filter: &Filter::Present("objectClass"),
        attributes: &["tokenGroups"],
        enough: None,
    });
    let found = found.await?;
    let groups = found
        .first()
        .map_or(&[][..], |(_, entry)| entry.all("tokenGroups"));
    let sids: Vec<String> = groups.iter().filter_map(|bytes| sid(bytes)).collect();
    let seen = Some(sids).filter(|_| !groups.is_empty());
    Ok((dn, seen))
}
