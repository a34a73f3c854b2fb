//! What is in the schema on the search path of PostgreSQL, and in other schemas on account of it.

use anyhow::Context;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::present::{Object, shortened};
use crate::store::database::DatabaseUrl;

/// What a restore drops: everything in the schema, extensions and what is theirs excepted.
macro_rules! objects {
    () => {
        "SELECT kind, sql_name, name, \"table\" FROM (
           SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                               WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END AS kind,
                  format('%I.%I', current_schema(), relname) AS sql_name, relname::text AS name,
                  CASE WHEN relkind IN ('r', 'p') THEN relname::text ELSE (
                    SELECT owner.relname::text FROM pg_depend JOIN pg_class owner ON owner.oid = refobjid
                    WHERE classid = 'pg_class'::regclass AND objid = relation.oid AND relation.relkind = 'S'
                      AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') LIMIT 1
                  ) END AS \"table\",
                  oid, 'pg_class'::regclass AS class
           FROM pg_class relation
           WHERE relnamespace = quote_ident(current_schema())::regnamespace
             AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
           UNION ALL
           SELECT 'ROUTINE', oid::regprocedure::text, oid::regprocedure::text, NULL, oid, 'pg_proc'::regclass
           FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace
           UNION ALL
           SELECT 'TYPE', format('%I.%I', current_schema(), typname), typname::text, NULL, oid, 'pg_type'::regclass
           FROM pg_type WHERE typnamespace = quote_ident(current_schema())::regnamespace AND typtype IN ('d', 'e', 'r')
         ) object
         WHERE NOT EXISTS (
           SELECT FROM pg_depend WHERE classid = class AND objid = object.oid AND deptype = 'e'
         )"
    };
}

const OBJECTS: &str =
    concat!("SELECT lower(kind), name, \"table\" FROM (", objects!(), ") all_objects ORDER BY 2, 1");

const EMPTY: &str = concat!(
    "DO $$
     DECLARE command text;
     BEGIN
       LOOP
         SELECT format('DROP %s %s CASCADE', kind, sql_name) INTO command FROM (",
    objects!(),
    ") all_objects LIMIT 1;
         EXIT WHEN NOT FOUND;
         EXECUTE command;
       END LOOP;
     END $$"
);

/// What CASCADE would take along of other schemas: their views, foreign keys, columns of a type, defaults. Some parts of
/// tables are in no schema themselves. What lies beyond these goes only with them.
const DEPENDENTS: &str = "
    WITH doomed AS (
      SELECT 'pg_class'::regclass AS class, oid FROM pg_class
      WHERE relnamespace = quote_ident(current_schema())::regnamespace
      UNION ALL
      SELECT 'pg_proc'::regclass, oid FROM pg_proc
      WHERE pronamespace = quote_ident(current_schema())::regnamespace
      UNION ALL
      SELECT 'pg_type'::regclass, oid FROM pg_type
      WHERE typnamespace = quote_ident(current_schema())::regnamespace
    ), dependent AS (
      SELECT d.classid, d.objid, d.objsubid, CASE d.classid
        WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = d.objid)
        WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = d.objid)
        WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = d.objid)
        WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = d.objid)
      END AS relation
      FROM pg_depend d JOIN doomed ON d.refclassid = doomed.class AND d.refobjid = doomed.oid
      WHERE NOT EXISTS (
        SELECT FROM pg_depend e WHERE e.classid = doomed.class AND e.objid = doomed.oid AND e.deptype = 'e'
      )
    ), placed AS (
      SELECT pg_describe_object(classid, objid, objsubid) AS description, COALESCE(
        (SELECT quote_ident(relnamespace::regnamespace::name::text) FROM pg_class WHERE oid = relation),
        (pg_identify_object(classid, objid, objsubid)).schema
      ) AS schema
      FROM dependent
    )
    SELECT DISTINCT description FROM placed
    WHERE schema <> quote_ident(current_schema()) AND schema NOT LIKE 'pg\\_%' ORDER BY 1";

/// What [`empty`] drops.
pub(super) async fn objects(database: &DatabaseConnection) -> anyhow::Result<Vec<Object>> {
    let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, OBJECTS)).await;
    let rows = rows.context("cannot tell what is in the schema")?;
    let object = |row: &sea_orm::QueryResult| {
        let (kind, name, table) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        Ok(Object { kind, name, table })
    };
    rows.iter().map(object).collect()
}

/// Refuses what is not in the schema and would fall with it: no backup of the schema holds it.
pub(super) async fn ensure_nothing_depends_on_it(
    database: &DatabaseConnection,
    url: &DatabaseUrl,
) -> anyhow::Result<()> {
    let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, DEPENDENTS)).await;
    let rows = rows.context("cannot tell what depends on the schema")?;
    let names = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<String>, _>>()?;
    anyhow::ensure!(
        names.is_empty(),
        "other schemas of {url} have what would go with the tables that are replaced, and is in no backup of them: {}; \
         drop or detach that first",
        shortened(&names)
    );
    Ok(())
}

/// Drops all of it.
pub(super) async fn empty(database: &DatabaseConnection) -> anyhow::Result<()> {
    database.execute_unprepared(EMPTY).await.context("cannot drop the old tables")?;
    Ok(())
}
