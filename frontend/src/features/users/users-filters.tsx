import { SearchOutlined } from '@ant-design/icons';
import { Input, Select } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import styles from '../../ui/listing/listing.module.css';
import { maxSearchLength, orders, roles, statuses, type UsersSearch } from './users-search';

/** How long typing has to rest before it becomes a search. */
const typingPause = 300;

interface UsersFiltersProps {
  search: UsersSearch;
  onChange: (changes: Partial<UsersSearch>) => void;
}

export function UsersFilters({ search, onChange }: UsersFiltersProps) {
  const { t } = useTranslation();
  return (
    <search className={styles.filters}>
      <SearchField value={search.search} onChange={(text) => onChange({ search: text })} />
      <Select
        aria-label={t('fields.role')}
        placeholder={t('fields.role')}
        allowClear
        value={search.role}
        onChange={(role) => onChange({ role })}
        options={roles.map((value) => ({ value, label: t(`users.role.${value}`) }))}
      />
      <Select
        aria-label={t('fields.status')}
        placeholder={t('fields.status')}
        allowClear
        value={search.status}
        onChange={(status) => onChange({ status })}
        options={statuses.map((value) => ({ value, label: t(`users.status.${value}`) }))}
      />
      <Select
        aria-label={t('users.orderBy')}
        value={search.order}
        onChange={(order) => onChange({ order })}
        options={orders.map((value) => ({ value, label: t(`users.order.${value}`) }))}
      />
    </search>
  );
}

function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  const sent = useRef(value);

  useEffect(() => {
    // Not an echo of this field: the address changed by other means, such as the browser's back button.
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);

  useEffect(() => {
    const typed = text.trim();
    if (typed === sent.current) return;
    const pause = setTimeout(() => {
      sent.current = typed;
      onChange(typed);
    }, typingPause);
    return () => clearTimeout(pause);
  }, [text, onChange]);

  return (
    <Input
      type="search"
      aria-label={t('users.search')}
      placeholder={t('users.search')}
      maxLength={maxSearchLength}
      prefix={<SearchOutlined aria-hidden />}
      allowClear
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
