import { Select } from 'antd';
import { useTranslation } from 'react-i18next';
import styles from './listing.module.css';

interface StateFilterProps<State> {
  states: readonly State[];
  value: State | undefined;
  onChange: (state: State | undefined) => void;
  name: (state: State) => string;
}

/** Narrows a list to what is in one state. */
export function StateFilter<State extends string>({
  states,
  value,
  onChange,
  name,
}: StateFilterProps<State>) {
  const { t } = useTranslation();
  return (
    <search className={styles.filter}>
      <Select
        aria-label={t('fields.status')}
        placeholder={t('states.every')}
        allowClear
        value={value}
        onChange={onChange}
        options={states.map((state) => ({ value: state, label: name(state) }))}
      />
    </search>
  );
}
