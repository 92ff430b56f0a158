/** The one icon: a receipt. */

import { LabIcon } from '@jupyterlab/ui-components';

export const costIcon = new LabIcon({
  name: 'cellcost:cost',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" style="fill: none" stroke="#616161" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">
    <path d="M5.5 3.5v17l2.6-1.7 2.6 1.7 2.6-1.7 2.6 1.7 2.6-1.7V3.5l-2.6 1.7-2.6-1.7-2.6 1.7-2.6-1.7z"/>
    <path d="M9 9.5h6M9 13.5h3.5"/>
  </g>
</svg>`
});
