import { useEffect, useRef } from 'react';

/**
 * For what the browser asks about passkeys: `begin` answers a signal that takes the question back once `stop` is called,
 * the next one begins, or the component is gone. To be begun before the server makes the challenge, so that nothing is
 * asked after that.
 */
export function usePasskeyPrompt() {
  const prompt = useRef<AbortController>(undefined);
  const stop = () => prompt.current?.abort();
  useEffect(() => () => prompt.current?.abort(), []);
  return {
    stop,
    begin(): AbortSignal {
      stop();
      prompt.current = new AbortController();
      return prompt.current.signal;
    },
  };
}
