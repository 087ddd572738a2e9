// Mounts one component with the data that the picture shows: index.html?component=…
import '@lwc/synthetic-shadow';
import { createElement } from 'lwc';
import InsightCard from 'c/insightCard';
import MarketoSync from 'c/marketoSync';

const component = new URLSearchParams(location.search).get('component');
const element =
    component === 'card'
        ? Object.assign(createElement('c-insight-card', { is: InsightCard }), {
              recordId: '00Q5e000001AbCdEAV'
          })
        : createElement('c-marketo-sync', { is: MarketoSync });
document.querySelector('main').append(element);
