import { graphql, type ResultOf } from '../../graphql/schema';

export const DataExportFields = graphql(`
  fragment DataExportFields on DataExport @_unmask {
    id
    state
    progress
    requestedAt
    finishedAt
    sizeBytes
    expiresAt
    downloadUrl
  }
`);

export type DataExport = ResultOf<typeof DataExportFields>;
