// StatHatEmbed shows graphs of stats in a page: StatHatEmbed.render({s1: 'ID', w: 480, h: 200}).
'use strict';
(() => {
  const origin = new URL(document.currentScript.src).origin;
  const after = document.currentScript;
  function render(kind, o) {
    const part = (name) => (o[name] === undefined || o[name] === null ? '' : String(o[name]));
    const stats = ['s1', 's2', 's3'].map(part);
    const place = document.createElement('div');
    place.id = ['statd_embed', kind, ...stats, part('w'), part('h'), part('tf'), part('style')].join('_');
    place.style.display = 'none';
    const here = document.currentScript || after;
    here.parentNode.insertBefore(place, here.nextSibling);
    const query = new URLSearchParams();
    for (const name of ['w', 'h', 'tf', 'style', 'title']) query.set(name, part(name));
    const script = document.createElement('script');
    script.src = origin + '/embed/' + kind + '/' + stats.filter(Boolean).map(encodeURIComponent).join('/') + '?' + query;
    place.parentNode.insertBefore(script, place.nextSibling);
  }
  window.StatHatEmbed = {
    render: (o) => render(o.kind || 'graph', o),
    render_graph: (o) => render('graph', o),
    render_data: (o) => render('data', o),
    render_table: (o) => render('table', o),
    render_text: (o) => render('text', o),
  };
})();
