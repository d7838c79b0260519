/** Mark is the product's sign: a camera, a line that loses some, a screen. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect width="32" height="32" rx="7" class="mark-ground" />
      <circle cx="8" cy="16" r="3.4" fill="#fff" />
      <path d="M13 16h6" stroke="#fff" stroke-width="2.2" stroke-dasharray="2 2" />
      <path d="M21 9.5v13l7-6.5z" fill="#fff" />
    </svg>
  );
}
