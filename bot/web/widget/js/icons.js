// Drawings of 24 × 24, in strokes. The bubble has its own; a panel brings the others with it.
import { svg } from './dom.js';

const PATHS = {
  voice: 'M5 19v-6m4.7 2V6m4.6 13V9.5m4.7 6.5v-4',
  down: 'm5 9 7 7 7-7',
};

export const icon = (name) => svg(24, [PATHS[name]], `icon icon-${name}`);

export const moreIcons = (paths) => Object.assign(PATHS, paths);
