package rtsp
import ("testing";"time";"os")
func TestZZ(t *testing.T){
 file := film(t, "-c:v", "libx264", "-bf", "0", "-preset", "ultrafast", "-c:a", "aac")
 h := newHub(t); h.feed("room-7")
 u := serve(t,h)+"/room-7"
 push(t,file,u,"tcp")
 os.WriteFile("/tmp/zzurl", []byte(u), 0o644)
 time.Sleep(45*time.Second)
}
