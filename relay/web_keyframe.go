package relay

import (
	"fmt"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout/fmp4"
)

// keyFrame makes a picture of what a feed's ring holds, for the previews of the node's
// page: the sub stream's where there is one, since it is small there. It reads past
// the table, so that a look at the page is no interest: it pulls no camera and takes
// nothing over a link. A feed that nobody watches has none.
func (w *web) keyFrame(id media.FeedID) (mime string, fragment []byte, err error) {
	t := w.node.table
	t.mu.Lock()
	f := t.feeds[id]
	t.mu.Unlock()
	if f == nil {
		return "", nil, fmt.Errorf("feed %s is not watched at this node now", id)
	}
	err = fmt.Errorf("feed %s is not watched at this node now", id)
	wake := make(chan struct{}, 1) // nobody waits on it
	tracks := f.Tracks()
	for _, l := range []media.Layer{media.LayerSub, media.LayerMain} {
		if tracks[l] == nil {
			continue
		}
		f.Freshen(time.Now(), l)
		cursor := f.Feed.Subscribe(l, wake)
		packets := cursor.Read(nil)
		cursor.Close()
		if len(packets) == 0 {
			continue
		}
		if mime, fragment, err = fmp4.Still(tracks[l], packets); err == nil {
			return mime, fragment, nil
		}
	}
	return "", nil, err
}
