import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../../graphql/schema';
import { paths } from '../../paths';
import styles from './development-mails.module.css';

const DevelopmentMailsAnswer = graphql(`
  query DevelopmentMailsAnswer {
    developmentMails {
      id
    }
  }
`);

/** The way to the mailbox of an installation on one's own machine; on others the server refuses, and there is none. */
export function DevelopmentMailsLink() {
  const { t } = useTranslation();
  const [{ data }] = useQuery({ query: DevelopmentMailsAnswer });
  if (!data) return null;
  return (
    <p className={styles.link}>
      {t('developmentMails.noMailServer')}{' '}
      <a href={paths.developmentMails} target="_blank" rel="noreferrer">
        {t('developmentMails.open')}
      </a>
    </p>
  );
}
