package manifests

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

const (
	file    = "../../examples/guides/deploy/kubernetes.yaml"
	program = "../../examples/guides/deploy/main.go"
)

// manifests are the objects of the file, one of each kind.
type manifests struct {
	deployment apps.Deployment
	service    core.Service
	budget     policy.PodDisruptionBudget
	network    networking.NetworkPolicy
}

// read decodes the file strictly: an unknown field, a field that is there twice and a
// value of another type are errors.
func read(t *testing.T) *manifests {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var m manifests
	into := map[string]any{
		"apps/v1 Deployment": &m.deployment, "v1 Service": &m.service,
		"policy/v1 PodDisruptionBudget": &m.budget, "networking.k8s.io/v1 NetworkPolicy": &m.network,
	}
	for object := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var kind meta.TypeMeta
		if err := yaml.Unmarshal(object, &kind); err != nil {
			t.Fatal(err)
		}
		name := kind.APIVersion + " " + kind.Kind
		v, ok := into[name]
		if !ok {
			t.Fatalf("%q isn't a kind that this test knows, or is there twice", name)
		}
		delete(into, name)
		if err := yaml.UnmarshalStrict(object, v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name := range into {
		t.Errorf("there is no %s", name)
	}
	return &m
}

func TestManifestsDecode(t *testing.T) { read(t) }

func TestMistakesAreFound(t *testing.T) {
	for _, text := range []string{"spec: {replica: 3}", "spec: {replicas: three}", "spec: {replicas: 3, replicas: 4}"} {
		if err := yaml.UnmarshalStrict([]byte(text), &apps.Deployment{}); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestSelectorsSelectThePods(t *testing.T) {
	m := read(t)
	pod := labels.Set(m.deployment.Spec.Template.Labels)
	for name, selector := range map[string]*meta.LabelSelector{
		"Deployment": m.deployment.Spec.Selector, "Service": {MatchLabels: m.service.Spec.Selector},
		"PodDisruptionBudget": m.budget.Spec.Selector, "NetworkPolicy": &m.network.Spec.PodSelector,
	} {
		s, err := meta.LabelSelectorAsSelector(selector)
		if err != nil || s.Empty() || !s.Matches(pod) {
			t.Errorf("the selector of the %s, %v, doesn't match %v: %v", name, s, pod, err)
		}
	}
}

func TestPortsAreThoseOfTheContainer(t *testing.T) {
	m := read(t)
	c := m.deployment.Spec.Template.Spec.Containers[0]
	named := map[string]bool{}
	for _, p := range c.Ports {
		named[p.Name] = true
	}
	uses := map[string]intstr.IntOrString{
		"readiness": c.ReadinessProbe.HTTPGet.Port, "liveness": c.LivenessProbe.HTTPGet.Port,
		"service": m.service.Spec.Ports[0].TargetPort,
	}
	for i, rule := range m.network.Spec.Ingress {
		uses["ingress "+string(rune('0'+i))] = *rule.Ports[0].Port
	}
	for who, port := range uses {
		if !named[port.StrVal] {
			t.Errorf("%s: the container has no port %q", who, port.StrVal)
		}
	}
	for _, p := range m.service.Spec.Ports {
		if p.TargetPort.StrVal == "admin" {
			t.Error("the admin port is in the Service")
		}
	}
}

// The pod has to live longer than the drain takes, and each flag has to exist.
func TestPodOutlivesItsDrain(t *testing.T) {
	m := read(t)
	source, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if timeout := "25*time.Second"; !bytes.Contains(source, []byte(timeout)) || *m.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds <= 25 {
		t.Errorf("the program's DrainTimeout isn't %s, or the pod doesn't outlive it", timeout)
	}
	for _, arg := range m.deployment.Spec.Template.Spec.Containers[0].Args {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if !regexp.MustCompile(`flag\.\w+\("` + regexp.QuoteMeta(name) + `"`).Match(source) {
			t.Errorf("the program has no flag -%s", name)
		}
	}
}
