import { svg } from './dom.js';

// Drawings of 24 × 24, in strokes.
const PATHS = {
  like: 'M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.3 4.3 4.3 0 0 1 19.5 10C19.5 15.4 12 20 12 20Z',
  dislike: 'm6.5 6.5 11 11m0-11-11 11',
  open: 'M9 6h9v9m0-9L6 18',
  close: 'm6 6 12 12M18 6 6 18',
  down: 'm5 9 7 7 7-7',
  new: 'M12 5v14M5 12h14',
  erase: 'M5 7h14M10 7V4.5h4V7m-7.5 0 .8 12.5h9.4L17.5 7M10.3 11v5m3.4-5v5',
  send: 'M12 19V5m-6 6 6-6 6 6',
  stop: 'M8 8h8v8H8Z',
  voice: 'M5 19v-6m4.7 2V6m4.6 13V9.5m4.7 6.5v-4',
};

export const icon = (name) => svg(24, [PATHS[name]], `icon icon-${name}`);

